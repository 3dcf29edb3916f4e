// Groups that are too large for one row.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

std::vector<std::string> ids(int from, int until) {
  std::vector<std::string> ids;
  for (int i = from; i < until; ++i) ids.push_back(fmt::format("entity-{}", i));
  return ids;
}

std::vector<std::string> shuffled(std::vector<std::string> ids) {
  std::mt19937 random(5);
  std::shuffle(ids.begin(), ids.end(), random);
  return ids;
}

/// What `results` must be when each entity's result is its own id.
std::string results_of(std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  std::string text;
  for (const std::string& id : ids) text += fmt::format(R"({}"{}":"{}")", text.empty() ? "" : ",", id, id);
  return "{" + text + "}";
}

TEST(SpreadGroup, ResolvesWithAllResultsInOrderThroughRestarts) {
  for (const std::size_t cache : {std::size_t{0}, std::size_t{1} << 20}) {
    CollectorOptions options;
    options.cache_bytes = cache;
    World world(options);
    const auto all = ids(0, 500);
    world.create("g", all, R"("payload":{"p":1})");
    int count = 0;
    for (const std::string& id : shuffled(all)) {
      world.done("g", id, json_text(id));
      if (++count % 40 == 0) world.commit();
      if (count % 150 == 0) world.restart();
    }
    const std::string outcome = world.outcome_json();
    EXPECT_EQ(member(outcome, "results"), results_of(all));
    EXPECT_EQ(member(outcome, "payload"), R"({"p":1})");
    world.commit();
    EXPECT_EQ(world.rows().rows(), 1u) << "only the totals are left";
  }
}

TEST(SpreadGroup, WritesNothingWhenItLivesAndDiesInOneTransaction) {
  World world;
  const auto all = ids(0, 300);
  world.create("g", all);
  for (const std::string& id : all) world.done("g", id, json_text(id));
  EXPECT_EQ(world.outcomes(), 1u);
  EXPECT_EQ(world.commit(), 0u);
}

TEST(SpreadGroup, WritesFarFewerRowsThanItHasEntities) {
  World world;
  const auto all = ids(0, 1'000);
  world.create("g", all);
  world.commit();
  for (const std::string& id : all) {
    if (id != all.back()) world.done("g", id, json_text(id));
  }
  EXPECT_LT(world.commit(), 100u);
}

TEST(SpreadGroup, KnowsWhatIsSettledWhateverIsInMemory) {
  World world;
  const auto all = ids(0, 100);
  world.create("g", all);
  world.done("g", "entity-7", "1");
  world.restart();
  world.done("g", "entity-7", "1");
  EXPECT_EQ(world.stats().of(Counter::Repeats), 1u);
  world.done("g", "entity-7", "2");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "already-settled");
  world.done("g", "entity-100", "1");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "unexpected-entity");
}

TEST(SpreadGroup, GrowsByUpdatesAndKeepsWhatItHas) {
  World world;
  world.create("g", ids(0, 10), R"("sealed":false)");
  world.done("g", "entity-3", json_text("entity-3"));
  for (int from = 10; from < 600; from += 10) {
    std::string add;
    for (const std::string& id : ids(from, from + 10)) add += (add.empty() ? "" : ",") + json_text(id);
    world.event(fmt::format(R"({{"type":"EventGroupCollectorUpdate","group":"g","add":[{}]}})", add));
    if (from % 70 == 0) world.restart();
    if (from % 50 == 0) world.commit();
  }
  for (const std::string& id : ids(0, 600)) {
    if (id != "entity-3") world.done("g", id, json_text(id));
  }
  EXPECT_EQ(world.outcomes(), 0u);
  world.event(R"({"type":"EventGroupCollectorUpdate","group":"g","seal":true})");
  EXPECT_EQ(member(world.outcome_json(), "results"), results_of(ids(0, 600)));
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(SpreadGroup, KeepsLargeValuesApartAndGivesThemBack) {
  World world;
  const auto all = ids(0, 40);
  world.create("g", all);
  world.commit();
  const std::string large = json_text(std::string(5'000, 'x'));
  world.done("g", "entity-1", large);
  world.restart();
  world.done("g", "entity-1", large);
  EXPECT_EQ(world.stats().of(Counter::Repeats), 1u);
  world.done("g", "entity-1", json_text(std::string(5'000, 'y')));
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "already-settled");
  for (const std::string& id : all) {
    if (id != "entity-1") world.done("g", id, "0");
  }
  EXPECT_EQ(member(member(world.outcome_json(), "results"), "entity-1"), large);
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(SpreadGroup, NamesABucketThatCannotBeRead) {
  World world;
  world.create("g", ids(0, 20));
  world.commit();
  world.restart();
  for (const auto& [key, value] : std::map<std::string, std::string>(world.rows().committed())) {
    if (key.front() == '\x17') world.rows().damage(key, "\x01\x05");
  }
  world.expect_faults();
  world.done("g", "entity-1");
  EXPECT_EQ(world.last_status().verdict(), Verdict::TaskCorrupted);
  EXPECT_NE(world.last_status().message().find("bucket of group g"), std::string::npos);
}

}  // namespace
}  // namespace ebc::group
