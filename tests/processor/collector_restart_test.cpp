// What is in the store is all that counts: a new collector over it goes on where the last commit was.
#include "processor/group/row_codec.h"
#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

TEST(Restart, GoesOnWithTheGroupsThatWereOpen) {
  World world;
  world.create("g", {"a", "b"}, R"("payload":{"p":1})");
  world.done("g", "a", "1");
  world.restart();
  EXPECT_EQ(world.stats().open_groups, 1);
  world.done("g", "a", "1");
  EXPECT_EQ(world.stats().of(Counter::Repeats), 1u);
  world.done("g", "b", "2");
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "results"), R"({"a":1,"b":2})");
  EXPECT_EQ(member(outcome, "payload"), R"({"p":1})");
  EXPECT_EQ(world.stats().open_groups, 0);
}

TEST(Restart, KnowsNothingOfWhatWasNotCommitted) {
  World world;
  world.create("g", {"a", "b"});
  world.commit();
  world.done("g", "a", "1");
  world.done("g", "b", "1");
  EXPECT_EQ(world.outcomes(), 1u);
  world.crash();
  EXPECT_EQ(world.outcomes(), 0u);
  EXPECT_EQ(world.stats().open_groups, 1);
  world.done("g", "a", "2");
  world.done("g", "b", "3");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"a":2,"b":3})");
}

TEST(Restart, FiresATimeoutAgainWhoseTransactionWasLost) {
  World world;
  world.create("g", {"a"}, "\"ttl\":1");
  world.commit();
  world.pass(2'000);
  EXPECT_EQ(world.outcomes(), 1u);
  world.crash();
  world.punctuate();
  EXPECT_EQ(world.outcomes(), 1u);
}

TEST(Restart, FindsNothingToWriteWhenGroupsLiveAndDieWithinATransaction) {
  World world;
  for (int i = 0; i < 100; ++i) {
    const std::string id = std::to_string(i);
    world.create(id, {"a", "b"});
    world.done(id, "a");
    world.done(id, "b");
  }
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back(std::to_string(i));
  world.create("big", many);
  for (const std::string& id : many) world.done("big", id);
  EXPECT_EQ(world.outcomes(), 101u);
  EXPECT_EQ(world.commit(), 0u);
}

TEST(Restart, LeavesNoRowBehindOfAReusedId) {
  World world;
  for (int round = 0; round < 3; ++round) {
    world.create("g", {"a", "b"}, "\"ttl\":5");
    world.commit();
    world.done("g", "a");
    world.done("g", "b");
    world.pass(1);
  }
  world.create("g", {"a"});
  world.restart();
  world.done("g", "a");
  EXPECT_EQ(world.outcomes(), 4u);
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(Restart, KeepsWorkingWithNoCacheAtAll) {
  CollectorOptions options;
  options.cache_bytes = 0;
  World world(options);
  for (int i = 0; i < 20; ++i) world.create(std::to_string(i), {"a", "b"});
  world.commit();
  for (int i = 0; i < 20; ++i) world.done(std::to_string(i), "a");
  world.commit();
  for (int i = 0; i < 20; ++i) world.done(std::to_string(i), "b");
  EXPECT_EQ(world.outcomes(), 20u);
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(Restart, SpreadsAGroupWhoseResultsGrow) {
  World world;
  world.create("g", {"a", "b", "c", "d"}, R"("payload":"p")");
  world.commit();
  const std::string result = json_text(std::string(7'000, 'x'));
  for (const char* id : {"a", "b", "c"}) {
    world.done("g", id, result);
    world.restart();
  }
  world.done("g", "d", "1");
  EXPECT_EQ(member(world.outcome_json(), "results"),
            "{\"a\":" + result + ",\"b\":" + result + ",\"c\":" + result + ",\"d\":1}");
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(Restart, NamesARowThatCannotBeRead) {
  World world;
  world.create("g", {"a"});
  world.restart();
  world.restart();
  std::string key;
  head_key("g", key);
  for (const std::string value : {"", "\x01", "\x09\x01zzz", "\x01\x01short"}) {
    World damaged;
    damaged.rows().damage(key, value);
    damaged.expect_faults();
    damaged.done("g", "a");
    EXPECT_EQ(damaged.last_status().verdict(), Verdict::TaskCorrupted);
    EXPECT_NE(damaged.last_status().message().find("group g"), std::string::npos);
  }
}

}  // namespace
}  // namespace ebc::group
