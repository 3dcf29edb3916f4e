// Events that come before the Create of their group.
#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

TEST(EarlyEvents, CountWhenTheCreateComes) {
  World world;
  world.done("g", "a", "1");
  world.done("g", "b", "2");
  world.pass(100);
  EXPECT_EQ(world.stats().waiting_events, 2);
  world.create("g", {"a", "b"});
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "results"), R"({"a":1,"b":2})");
  EXPECT_EQ(member(outcome, "resolved"), R"("2027-01-15T08:00:00.100Z")") << "no earlier than the group was created";
  EXPECT_EQ(world.stats().waiting_events, 0);
}

TEST(EarlyEvents, SurviveARestart) {
  World world;
  world.done("g", "a", "1");
  world.restart();
  world.create("g", {"a", "b"});
  world.restart();
  world.done("g", "b", "2");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"a":1,"b":2})");
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u) << "only the totals are left";
}

TEST(EarlyEvents, LeaveNothingBehindWhenAllHappensInOneTransaction) {
  World world;
  world.done("g", "a", "1");
  world.create("g", {"a"});
  EXPECT_EQ(world.outcomes(), 1u);
  EXPECT_EQ(world.commit(), 0u);
}

TEST(EarlyEvents, AreDeadLetteredWholeWhenNoCreateComes) {
  World world;
  world.with_headers({{"h", "v"}, {"n", std::nullopt}});
  world.with_key("k");
  world.done("g", "a", "1");
  world.restart();
  world.pass(30'000);
  EXPECT_EQ(world.dead_letters(), 0u);
  world.pass(1);
  const Message letter = world.dead_letter();
  EXPECT_EQ(letter.key, "k");
  EXPECT_EQ(letter.value, R"({"id":"a","type":"EventGroupCollectorEntityDone","group":"g","result":1})");
  EXPECT_EQ(letter.header("h"), "v");
  EXPECT_EQ(letter.header("n"), "(null)");
  EXPECT_EQ(letter.header("dlq.reason"), "no-such-group");
  EXPECT_EQ(letter.header("dlq.topic"), "in");
  EXPECT_EQ(letter.header("dlq.partition"), "3");
  EXPECT_EQ(letter.header("dlq.offset"), "0");
  EXPECT_EQ(letter.header("dlq.timestamp"), "1800000000000");
  EXPECT_EQ(world.stats().waiting_events, 0);
  world.create("g", {"a"});
  EXPECT_EQ(world.outcomes(), 0u) << "too late for the group";
}

TEST(EarlyEvents, WaitEachForItsOwnTime) {
  World world;
  world.done("g", "a", "1");
  world.pass(20'000);
  world.done("g", "b", "2");
  world.pass(15'000);
  EXPECT_EQ(member(*world.dead_letter().value, "id"), R"("a")");
  world.create("g", {"b"});
  EXPECT_EQ(world.outcomes(), 1u);
}

TEST(EarlyEvents, MayFailTheGroup) {
  World world;
  world.fail("g", "somebody", R"("no")");
  world.create("g", {"a"});
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "entity"), R"("somebody")");
  EXPECT_EQ(member(outcome, "results"), "{}");
}

TEST(EarlyEvents, BeyondTheLimitOfTheirGroupAreDeadLettered) {
  CollectorOptions options;
  options.max_waiting_events = 2;
  World world(options);
  for (const char* id : {"a", "b", "c"}) world.done("g", id);
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "no-such-group");
  world.create("g", {"a", "b", "c"});
  world.done("g", "c");
  EXPECT_EQ(world.outcomes(), 1u);
}

TEST(EarlyEvents, CountEvenIfALaterStartWouldRefuseThem) {
  World world;
  world.done("g", "a-long-id", "1");
  CollectorOptions stricter;
  stricter.max_id_bytes = 4;
  world.restart_with(stricter);
  world.event(R"({"id":"g","type":"EventGroupCollectorCreate","expected":["a"]})");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "unexpected-entity");
}

TEST(EarlyEvents, ComeInManyBatches) {
  World world;
  std::vector<std::string> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(std::to_string(i));
  for (const std::string& id : ids) world.done("g", id, id);
  world.restart();
  world.create("g", ids);
  EXPECT_EQ(world.outcomes(), 1u);
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(EarlyEvents, AreLateWhenTheGroupEndsBeforeTheirTurn) {
  World world;
  world.fail("g", "a");
  world.done("g", "b");
  world.create("g", {"a", "b"});
  EXPECT_EQ(world.outcomes(), 1u);
  EXPECT_EQ(world.stats().of(Counter::Late), 1u);
}

}  // namespace
}  // namespace ebc::group
