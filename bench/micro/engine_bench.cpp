// The engine's share of an event: the home of a key, the order of a batch, the uncommitted state, the committed one.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <random>

#include "state/memory_store.h"
#include "state/rocks_database.h"
#include "state/transaction_buffer.h"
#include "topology/batch_order.h"
#include "topology/murmur2.h"

namespace ebc::bench {
namespace {

void home_of_a_key(benchmark::State& state) {
  const std::string key = "g-00000042-s";
  for (auto _ : state) benchmark::DoNotOptimize(topology::home_of(key, 12));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(home_of_a_key);

/// Argument: logs in the batch.
void order_a_batch(benchmark::State& state) {
  std::vector<topology::Fetched> records(4'096);
  const auto logs = static_cast<std::size_t>(state.range(0));
  for (std::size_t i = 0; i < records.size(); ++i) {
    // Fetched one log after the other, each with a run of its own.
    records[i].log = {topology::Channel::Input, static_cast<Partition>(i * logs / records.size())};
    records[i].record.timestamp = timestamp_from_ms(static_cast<std::int64_t>(i % (records.size() / logs)));
  }
  topology::BatchOrder order;
  for (auto _ : state) benchmark::DoNotOptimize(order.of(records));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(records.size()));
}
BENCHMARK(order_a_batch)->Arg(1)->Arg(4)->Arg(64);

std::string key_of(std::uint64_t number) { return fmt::format("\x10g-{:08}-s", number); }

/// Rows that live and die within one transaction.
void buffer_put_and_erase(benchmark::State& state) {
  state::MemoryStore committed;
  state::TransactionBuffer buffer(committed);
  const std::string value(400, 'v');
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < 1'000; ++i) keys.push_back(key_of(i * 7919 % 100'000));
  std::size_t next = 0;
  for (auto _ : state) {
    buffer.put_new(keys[next], value);
    buffer.erase(keys[(next + 500) % keys.size()]);
    next = (next + 1) % keys.size();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(buffer_put_and_erase);

class Disk {
 public:
  Disk() : path_(std::filesystem::temp_directory_path() / fmt::format("ebc-micro-{}", std::random_device{}())) {
    std::filesystem::create_directories(path_);
    auto opened = state::RocksDatabase::open(path_, {});
    if (!opened.ok()) std::abort();
    database_ = std::move(*opened);
    auto store = database_->open_home(0);
    if (!store.ok()) std::abort();
    store_ = *store;
  }
  ~Disk() {
    store_.reset();
    database_.reset();
    std::filesystem::remove_all(path_);
  }
  state::CommittedStore& store() { return *store_; }
  /// Rows 0 to `count`, in batches as commits make them.
  void fill(std::uint64_t count) {
    state::TransactionBuffer buffer(*store_);
    const std::string value(400, 'v');
    for (std::uint64_t i = 0; i < count; ++i) {
      buffer.put_new(key_of(i), value);
      if (i % 10'000 == 9'999) commit(buffer);
    }
    commit(buffer);
    if (!database_->flush(true).ok()) std::abort();
  }

 private:
  void commit(state::TransactionBuffer& buffer) {
    if (!buffer.commit(++position_).ok()) std::abort();
  }

  const std::filesystem::path path_;
  std::unique_ptr<state::RocksDatabase> database_;
  std::shared_ptr<state::CommittedStore> store_;
  Offset position_ = 0;
};

/// One item is one row of a commit of 1,000.
void store_commit(benchmark::State& state) {
  Disk disk;
  state::TransactionBuffer buffer(disk.store());
  const std::string value(400, 'v');
  std::uint64_t next = 0;
  Offset position = 0;
  for (auto _ : state) {
    for (int i = 0; i < 1'000; ++i) buffer.put_new(key_of(next++), value);
    if (!buffer.commit(++position).ok()) state.SkipWithError("commit");
  }
  state.SetItemsProcessed(state.iterations() * 1'000);
}
BENCHMARK(store_commit)->Unit(benchmark::kMicrosecond);

/// Argument: 1, the rows asked for are there; 0, they are not.
void store_get(benchmark::State& state) {
  constexpr std::uint64_t kRows = 200'000;
  Disk disk;
  disk.fill(kRows);
  std::mt19937_64 random(1);
  std::string value;
  const std::uint64_t offset = state.range(0) == 1 ? 0 : kRows * 10;
  for (auto _ : state) benchmark::DoNotOptimize(disk.store().get(key_of(offset + random() % kRows), value));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(store_get)->ArgName("there")->Arg(1)->Arg(0)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace ebc::bench

BENCHMARK_MAIN();
