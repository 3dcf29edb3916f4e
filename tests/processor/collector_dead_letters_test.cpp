#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

struct BadEvent {
  std::string_view reason;
  std::string value;
};
class BadEvents : public testing::TestWithParam<BadEvent> {};
TEST_P(BadEvents, AreDeadLetteredAndStopNothing) {
  World world;
  world.event(GetParam().value);
  const Message letter = world.dead_letter();
  EXPECT_EQ(letter.header("dlq.reason"), GetParam().reason);
  EXPECT_NE(letter.header("dlq.detail"), "");
  EXPECT_EQ(letter.value, GetParam().value);
  EXPECT_EQ(letter.key, std::nullopt);
  world.create("g", {});
  EXPECT_EQ(world.outcomes(), 1u);
}

std::string command(std::string_view type, std::string_view rest) {
  return R"({"type":"EventGroupCollector)" + std::string(type) + "\"," + std::string(rest) + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Collector, BadEvents,
    testing::Values(
        BadEvent{"not-json", ""}, BadEvent{"not-json", "hello"}, BadEvent{"not-json", "{\"type\":\"\xFF\"}"},
        BadEvent{"not-json", R"({"type":"EventGroupCollectorCreate","id":"g","expected":[]} {})"},
        BadEvent{"not-json", R"({"type":"EventGroupCollectorCreate","id":"g","expected":[],"payload":01})"},
        BadEvent{"not-json", R"({"type":"Other","x":tru})"}, BadEvent{"no-type", "[]"}, BadEvent{"no-type", "7"},
        BadEvent{"no-type", "{}"}, BadEvent{"no-type", R"({"type":7})"}, BadEvent{"no-type", R"({"type":null})"},
        BadEvent{"unknown-type", R"({"type":"EventGroupCollector"})"},
        BadEvent{"unknown-type", R"({"type":"EventGroupCollectorCreated"})"},
        BadEvent{"too-deep", R"({"a":)" + std::string(128, '[') + std::string(128, ']') + "}"},
        BadEvent{"too-large", "{\"type\":\"" + std::string(std::size_t{1} << 20, 'x') + "\"}"},
        BadEvent{"invalid-create", command("Create", R"("expected":[])")},
        BadEvent{"invalid-create", command("Create", R"("id":"","expected":[])")},
        BadEvent{"invalid-create", command("Create", R"("id":7,"expected":[])")},
        BadEvent{"invalid-create", command("Create", R"("id":"\ud800","expected":[])")},
        BadEvent{"invalid-create", command("Create", "\"expected\":[],\"id\":\"" + std::string(513, 'i') + "\"")},
        BadEvent{"invalid-done", command("EntityDone", R"("id":"a")")},
        BadEvent{"invalid-done", command("EntityDone", R"("group":"g")")},
        BadEvent{"invalid-done", command("EntityDone", R"("group":"g","id":"")")},
        BadEvent{"invalid-done", command("EntityDone", R"("group":["g"],"id":"a")")},
        BadEvent{"invalid-update", command("Update", R"("seal":true)")},
        BadEvent{"invalid-update", command("Update", R"("group":"g")")},
        BadEvent{"invalid-update", command("Update", R"("group":"g","add":"a")")},
        BadEvent{"invalid-update", command("Update", R"("group":"g","add":[""])")},
        BadEvent{"invalid-update", command("Update", R"("group":"g","ttl":"5")")},
        BadEvent{"invalid-update", command("Update", R"("group":"g","seal":1)")},
        BadEvent{"invalid-cancel", command("Cancel", R"("group":7)")},
        BadEvent{"invalid-cancel", command("Cancel", R"("group":"g","reason":7)")}));

class BadCreates : public testing::TestWithParam<std::string_view> {};
TEST_P(BadCreates, FailTheGroupThatTheyName) {
  World world;
  world.event(command("Create", R"("id":"g","payload":[1],)" + std::string(GetParam())));
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "invalid-create");
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "cause"), R"("invalid")");
  EXPECT_EQ(member(outcome, "entity"), R"("g")");
  EXPECT_EQ(member(outcome, "results"), "{}");
  EXPECT_EQ(member(outcome, "payload"), "[1]");
  EXPECT_EQ(member(outcome, "origin"), R"("in/3/0")");
  world.done("g", "a");
  EXPECT_EQ(world.stats().of(Counter::Late), 1u);
}
INSTANTIATE_TEST_SUITE_P(
    Collector, BadCreates,
    testing::Values(R"("x":1)", R"("expected":null)", R"("expected":"a")", R"("expected":[1])", R"("expected":[""])",
                    R"("expected":[],"ttl":"3")", R"("expected":[],"ttl":2592001)", R"("expected":[],"ttl":1e400)",
                    R"("expected":[],"policy":"most")", R"("expected":[],"policy":7)", R"("expected":[],"policy":{})",
                    R"("expected":[],"policy":{"quorum":-1})", R"("expected":[],"policy":{"quorum":1.5})",
                    R"("expected":[],"policy":{"tolerate":"1"})", R"("expected":[],"policy":{"quorum":1,"tolerate":1})",
                    R"("expected":[],"sealed":"no")", R"("expected":[],"sender":1)",
                    R"("expected":[],"description":[])", R"("expected":[],"labels":{"a":1})",
                    R"("expected":[],"labels":[])", R"("expected":[],"parent":{"group":"p"})",
                    R"("expected":[],"handler":{"onsuccess":{"payload":1}})"));

TEST(DeadLetters, HoldAnInvalidCreateOfAnOpenGroupOnly) {
  World world;
  world.create("g", {"a"});
  world.event(command("Create", R"("id":"g")"));
  EXPECT_EQ(world.outcomes(), 0u);
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "invalid-create");
  world.done("g", "a");
  EXPECT_EQ(world.outcomes(), 1u);
}

TEST(DeadLetters, HoldACreateWithTooManyEntities) {
  CollectorOptions options;
  options.max_entities = 3;
  World world(options);
  world.create("g", {"a", "b", "c", "a", "b"});
  EXPECT_EQ(world.outcomes(), 0u) << "repeats count once";
  world.create("h", {"a", "b", "c", "d"});
  EXPECT_EQ(member(world.outcome_json(), "cause"), R"("invalid")");
}

TEST(DeadLetters, TakeAPayloadThatNoOutcomeCouldCarry) {
  CollectorOptions options;
  options.max_outcome_bytes = 20'000;
  World world(options);
  world.create("g", {"a"}, R"("payload":)" + json_text(std::string(20'000, 'p')));
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "cause"), R"("invalid")");
  EXPECT_EQ(member(outcome, "payload"), "null");
  EXPECT_EQ(member(outcome, "payloadDropped"), "true");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "invalid-create");
}

TEST(DeadLetters, HoldAnotherCreateOfAnOpenGroup) {
  World world;
  world.create("g", {"a"});
  world.pass(1);
  world.create("g", {"a"});
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "already-open");
}

TEST(DeadLetters, HoldAnotherVerdictOfAnEntity) {
  World world;
  world.create("g", {"a", "b"});
  world.done("g", "a", "1");
  world.done("g", "a", "1");
  EXPECT_EQ(world.dead_letters(), 0u);
  world.done("g", "a", "2");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "already-settled");
  world.fail("g", "a", "1");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "already-settled");
  world.done("g", "b", "3");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"a":1,"b":3})");
}

TEST(DeadLetters, HoldAResultThatNobodyExpects) {
  World world;
  world.create("g", {"a"});
  world.done("g", "x", "1");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "unexpected-entity");
  world.fail("g", "x", R"("propagated")");
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "entity"), R"("x")");
  EXPECT_EQ(member(outcome, "results"), "{}");
}

TEST(DeadLetters, TakeLateEventsWhenAskedTo) {
  CollectorOptions options;
  options.late_to_dead_letters = true;
  World world(options);
  world.create("g", {"a"});
  world.done("g", "a");
  world.done("g", "a");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "late");
}

TEST(DeadLetters, LeaveOutForeignFormatsWhenAskedTo) {
  CollectorOptions options;
  options.skip_foreign = true;
  World world(options);
  for (const char* value : {"", "\x01\x02 avro", "[1]", "{}", R"({"type":7})"}) world.event(value);
  EXPECT_EQ(world.outputs(), 0u);
  EXPECT_EQ(world.stats().of(Counter::Foreign), 5u);
  world.event(R"({"type":"EventGroupCollectorCancel"})");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "invalid-cancel");
}

}  // namespace
}  // namespace ebc::group
