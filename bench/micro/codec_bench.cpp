// The pieces of the core: reading an event, writing an outcome, rows and changelog records.
#include <benchmark/benchmark.h>

#include "bench/micro/pure_core.h"
#include "processor/group/event_json.h"
#include "processor/group/outcome_json.h"
#include "processor/group/row_codec.h"
#include "state/changelog_codec.h"

namespace ebc::bench {
namespace {

using namespace group;

constexpr std::string_view kDone =
    R"({"id":"e00001","type":"EventGroupCollectorEntityDone","group":"g-00000042-s",)"
    R"("result":{"t":1731731731731731731,"p":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}})";
constexpr std::string_view kCreate =
    R"({"id":"g-00000042-s","type":"EventGroupCollectorCreate","expected":["e00000","e00001","e00002"],"ttl":3600,)"
    R"("payload":{"note":"pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"}})";
constexpr Timestamp kNow = timestamp_from_ms(1'700'000'000'000);

void parse(benchmark::State& state, std::string_view text) {
  const CollectorOptions options;
  EventParser parser(options);
  for (auto _ : state) benchmark::DoNotOptimize(parser.parse(text));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK_CAPTURE(parse, done, kDone);
BENCHMARK_CAPTURE(parse, create, kCreate);

Group sample_group() {
  const CollectorOptions options;
  EventParser parser(options);
  parser.parse(kCreate);
  Record record;
  record.topic = "eventbus-collector";
  record.value = kCreate;
  record.timestamp = kNow;
  Group group;
  open_group(group, "g-00000042-s", parser.event().create, record, kNow, options);
  for (const char* id : {"e00000", "e00001", "e00002"}) {
    expect(group);
    Entity& entity = group.entities.append(id);
    entity.state = EntityState::Result;
    entity.value.assign(100, '1');
  }
  return group;
}

void encode_an_outcome(benchmark::State& state) {
  const Group group = sample_group();
  std::string out;
  EntityLists lists;
  for (auto _ : state) {
    lists.reset(0);
    for (const Entity& entity : group.entities) lists.add(entity.id, entity.state, entity.value);
    encode_outcome({.id = "g-00000042-s",
                    .resolution = {std::nullopt, {}, {}, kNow},
                    .created = kNow,
                    .origin = group.origin,
                    .envelope = group.envelope,
                    .lists = lists},
                   out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(encode_an_outcome);

void group_row(benchmark::State& state) {
  const Group group = sample_group();
  Group again;
  std::string row;
  for (auto _ : state) {
    encode_group(group, row);
    benchmark::DoNotOptimize(decode_group(row, again));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(group_row);

void changelog_record(benchmark::State& state) {
  const std::string value(400, 'v');
  std::string scratch;
  for (auto _ : state) {
    const state::ChangelogRecord record = state::encode_changelog({"some-key", value}, scratch);
    benchmark::DoNotOptimize(state::decode_changelog(record.key, record.value));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(changelog_record);

}  // namespace
}  // namespace ebc::bench
