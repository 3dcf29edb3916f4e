// Goal: the pure core (parse, transition, encode; no Kafka, no disk) at 1.5 million events/s and more.
#include <benchmark/benchmark.h>

#include "bench/micro/pure_core.h"
#include "state/memory_store.h"

namespace ebc::bench {
namespace {

constexpr int kHomes = 4;

std::vector<std::shared_ptr<state::CommittedStore>> memory_stores() {
  std::vector<std::shared_ptr<state::CommittedStore>> stores;
  for (int i = 0; i < kHomes; ++i) stores.push_back(std::make_shared<state::MemoryStore>());
  return stores;
}

/// Arguments: entities a group, groups open at the same time.
void core(benchmark::State& state) {
  const auto entities = static_cast<int>(state.range(0));
  constexpr std::int64_t kEvents = 1'000'000;
  const Script script = make_script(kEvents / (entities + 1), entities, state.range(1));
  std::size_t events = 0;
  std::size_t rows = 0;
  for (auto _ : state) {
    constexpr std::size_t kRecordsACommit = 100'000;
    PureCore core(memory_stores(), kRecordsACommit);
    core.process(script);
    events += script.lines.size();
    rows += core.rows();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.counters["rows_an_event"] = static_cast<double>(rows) / static_cast<double>(events);
}
BENCHMARK(core)
    ->ArgNames({"entities", "open"})
    ->Args({3, 1'000})
    ->Args({3, 100'000})
    ->Args({100, 100})
    ->Args({1'000, 100})
    ->Args({10'000, 20})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ebc::bench
