// When a group is decided, for each policy; and what changes a group while it is open.
#include "processor/group/policy.h"
#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

/// A story of a group that expects a, b and c: "+a" is a result, "-b" an error, "." the deadline.
struct PolicyCase {
  std::string_view policy;
  std::string_view story;
  std::string_view ending;  ///< "success", a cause, or "open"
  std::string_view results;
  std::string_view errors = "(absent)";
};

class Policies : public testing::TestWithParam<PolicyCase> {};
TEST_P(Policies, EndAGroupAsTheyPromise) {
  const PolicyCase& the = GetParam();
  World world;
  world.create("g", {"a", "b", "c"}, "\"policy\":" + std::string(the.policy));
  for (std::size_t i = 0; i < the.story.size(); i += 2) {
    EXPECT_EQ(world.outcomes(), 0u) << "decided before step " << i / 2;
    if (the.story[i] == '.') world.pass(30'001), --i;
    if (the.story[i] == '+') world.done("g", the.story.substr(i + 1, 1), "1");
    if (the.story[i] == '-') world.fail("g", the.story.substr(i + 1, 1), R"("no")");
    if (i % 4 == 0) world.restart();
  }
  if (the.ending == "open") {
    EXPECT_EQ(world.outcomes(), 0u);
    return;
  }
  const std::string outcome = world.outcome_json();
  if (the.ending == "success") {
    EXPECT_EQ(member(outcome, "type"), R"("EventGroupCollectorSuccess")");
  } else {
    EXPECT_EQ(member(outcome, "cause"), json_text(the.ending));
  }
  EXPECT_EQ(member(outcome, "results"), the.results);
  EXPECT_EQ(member(outcome, "errors"), the.errors);
}

INSTANTIATE_TEST_SUITE_P(
    Collector, Policies,
    testing::Values(
        PolicyCase{R"("all")", "+a+b", "open", ""}, PolicyCase{R"("all")", "+a-b", "error", R"({"a":1,"b":null})"},
        PolicyCase{"null", "+a+b+c", "success", R"({"a":1,"b":1,"c":1})"},
        PolicyCase{R"("allSettled")", "-a-b", "open", ""},
        PolicyCase{R"("allSettled")", "-a-b+c", "success", R"({"a":null,"b":null,"c":1})", R"({"a":"no","b":"no"})"},
        PolicyCase{R"("allSettled")", "+a+b+c", "success", R"({"a":1,"b":1,"c":1})"},
        PolicyCase{R"("any")", "-a+b", "success", R"({"a":null,"b":1})", R"({"a":"no"})"},
        PolicyCase{R"("any")", "-a-c-b", "unmet", R"({"a":null,"b":null,"c":null})", R"({"a":"no","b":"no","c":"no"})"},
        PolicyCase{R"("race")", "+b", "success", R"({"b":1})"},
        PolicyCase{R"("race")", "-b", "error", R"({"b":null})", R"({"b":"no"})"},
        PolicyCase{R"({"quorum":2})", "+a-b+c", "success", R"({"a":1,"b":null,"c":1})", R"({"b":"no"})"},
        PolicyCase{R"({"quorum":2})", "-a-b", "unmet", R"({"a":null,"b":null})", R"({"a":"no","b":"no"})"},
        PolicyCase{R"({"quorum":0})", "", "success", "{}"}, PolicyCase{R"({"quorum":4})", "", "unmet", "{}"},
        PolicyCase{R"({"tolerate":1})", "-a+b+c", "success", R"({"a":null,"b":1,"c":1})", R"({"a":"no"})"},
        PolicyCase{R"({"tolerate":1})", "-a+b-c", "error", R"({"a":null,"b":1,"c":null})", R"({"a":"no","c":"no"})"},
        PolicyCase{R"({"tolerate":0})", "-a", "error", R"({"a":null})", R"({"a":"no"})"},
        PolicyCase{R"({"tolerate":1})", "-a.", "timeout", R"({"a":null})", R"({"a":"no"})"}));

TEST(Policies, NameThemselvesWhenTheyCannotBeMet) {
  World world;
  world.create("a", {}, R"("policy":"any")");
  EXPECT_EQ(member(world.outcome_json(), "error"), R"("Policy any can't be met")");
  world.create("q", {"x"}, R"("policy":{"quorum":2})");
  EXPECT_EQ(member(world.outcome_json(), "error"), R"("Policy quorum 2 can't be met")");
}

TEST(Policies, DecideAboutNothingExpected) {
  const Counts none;
  for (const Policy& policy : {Policy::all(), Policy::all_settled(), Policy::tolerate(3), Policy::quorum(0)}) {
    EXPECT_EQ(decide(policy, none, true), Decision::Success) << describe(policy);
    EXPECT_EQ(decide(policy, none, false), Decision::Open) << describe(policy);
  }
  for (const Policy& policy : {Policy::any(), Policy::race(), Policy::quorum(1)}) {
    EXPECT_EQ(decide(policy, none, true), Decision::Unmet) << describe(policy);
    EXPECT_EQ(decide(policy, none, false), Decision::Open) << describe(policy);
  }
}

TEST(Policies, LetAStrangersErrorFailAGroupUnderAllOnly) {
  World world;
  world.create("g", {"a"}, R"("policy":"allSettled")");
  world.fail("g", "x");
  EXPECT_EQ(world.outcomes(), 0u);
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "unexpected-entity");
}

void update(World& world, std::string_view group, std::string_view fields) {
  world.event(R"({"type":"EventGroupCollectorUpdate","group":)" + json_text(group) + "," + std::string(fields) + "}");
}
void cancel(World& world, std::string_view group, std::string_view fields = "") {
  world.event(R"({"type":"EventGroupCollectorCancel","group":)" + json_text(group) + std::string(fields) + "}");
}

TEST(Unsealed, WaitsForItsSealToSucceed) {
  World world;
  world.create("g", {"a"}, R"("sealed":false)");
  world.done("g", "a", "1");
  update(world, "g", R"("add":["b","b","a"])");
  world.restart();
  world.done("g", "b", "2");
  EXPECT_EQ(world.outcomes(), 0u);
  world.pass(10);
  update(world, "g", R"("seal":true)");
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "results"), R"({"a":1,"b":2})");
  EXPECT_EQ(member(outcome, "resolved"), R"("2027-01-15T08:00:00.010Z")");
}

TEST(Unsealed, FailsWithoutASeal) {
  World world;
  world.create("g", {"a"}, R"("sealed":false)");
  world.fail("g", "a");
  EXPECT_EQ(world.outcomes(), 1u);
}

TEST(Unsealed, KeepsWhatItMayExpectYet) {
  World world;
  world.create("g", {}, R"("sealed":false)");
  world.done("g", "b", "2");
  world.done("g", "stranger", "3");
  world.restart();
  world.done("g", "b", "2");
  world.done("g", "b", "20");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "already-settled");
  update(world, "g", R"("add":["b"],"seal":true)");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"b":2})");
  const Message letter = world.dead_letter();
  EXPECT_EQ(letter.header("dlq.reason"), "unexpected-entity");
  EXPECT_EQ(member(*letter.value, "id"), R"("stranger")");
  EXPECT_EQ(letter.header("dlq.offset"), "2");
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(Unsealed, FailsAtItsSealByAStrangersError) {
  World world;
  world.create("g", {"a"}, R"("sealed":false)");
  world.fail("g", "stranger", R"("no")");
  world.done("g", "a", "1");
  EXPECT_EQ(world.outcomes(), 0u);
  update(world, "g", R"("seal":true)");
  EXPECT_EQ(member(world.outcome_json(), "entity"), R"("stranger")");
}

TEST(Unsealed, LeavesNothingBehindWhenItEndsOtherwise) {
  World world;
  world.create("g", {"a"}, R"("sealed":false)");
  world.done("g", "x");
  world.done("g", "y");
  world.restart();
  cancel(world, "g");
  EXPECT_EQ(world.stats().of(Counter::Late), 2u);
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(Unsealed, GrowsBeyondOneRow) {
  World world;
  world.create("g", {}, R"("sealed":false)");
  for (int i = 0; i < 100; ++i) {
    update(world, "g", R"("add":["e)" + std::to_string(i) + "\"]");
    if (i % 7 == 0) world.restart();
  }
  for (int i = 0; i < 100; ++i) world.done("g", "e" + std::to_string(i), "0");
  update(world, "g", R"("seal":true)");
  EXPECT_EQ(member(world.outcome_json(), "type"), R"("EventGroupCollectorSuccess")");
}

TEST(Unsealed, RefusesEntitiesBeyondTheLimit) {
  CollectorOptions options;
  options.max_entities = 2;
  World world(options);
  world.create("g", {"a"}, R"("sealed":false)");
  update(world, "g", R"("add":["b","c"],"seal":true)");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "invalid-update");
  world.done("g", "a");
  EXPECT_EQ(world.outcomes(), 0u) << "nothing of a refused event counts, the seal neither";
}

TEST(Update, OfASealedGroupAddsNothing) {
  World world;
  world.create("g", {"a"});
  update(world, "g", R"("add":["b"],"ttl":1)");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "sealed");
  update(world, "g", R"("add":["a"],"seal":true)");
  EXPECT_EQ(world.dead_letters(), 0u) << "what is expected already is no addition";
  world.pass(2'000);
  EXPECT_EQ(world.outcomes(), 0u);
}

TEST(Update, MovesTheDeadline) {
  World world;
  world.create("g", {"a"}, R"("ttl":1)");
  world.create("h", {"a"}, R"("ttl":10)");
  world.restart();
  world.pass(500);
  update(world, "g", R"("ttl":1.0)");
  update(world, "h", R"("ttl":0.1)");
  world.pass(500);
  EXPECT_EQ(member(world.outcome_json(), "id"), R"("h")");
  world.restart();
  world.pass(500);
  EXPECT_EQ(world.outcomes(), 0u);
  world.pass(1);
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "error"), R"("Operation timed out after 1.0 seconds")");
  EXPECT_EQ(member(outcome, "resolved"), R"("2027-01-15T08:00:01.500Z")");
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
}

TEST(Update, WaitsForTheCreate) {
  World world;
  update(world, "g", R"("add":["b"],"seal":true)");
  world.done("g", "b", "1");
  world.restart();
  world.create("g", {}, R"("sealed":false)");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"b":1})");
}

TEST(Cancel, EndsAGroup) {
  World world;
  world.create("g", {"a", "b"});
  world.done("g", "a", "1");
  cancel(world, "g", R"(,"reason":"n\u00f6")");
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "cause"), R"("cancelled")");
  EXPECT_EQ(member(outcome, "error"), R"("n\u00f6")");
  EXPECT_EQ(member(outcome, "results"), R"({"a":1})");
  world.create("h", {"a"});
  cancel(world, "h", R"(,"reason":null)");
  EXPECT_EQ(member(world.outcome_json(), "error"), R"("Cancelled")");
}

TEST(Handler, SendsItsPayloadOrTheOutcome) {
  CollectorOptions options;
  options.handler_topics = {"jobs-*", "exact"};
  World world(options);
  world.with_headers({{"traceparent", "00-1"}});
  world.create("g", {}, R"("handler":{"onsuccess":{"topic":"jobs-next","payload": {"do" : 1} }})");
  const Message next = world.sent_to("jobs-next");
  EXPECT_EQ(next.key, "g");
  EXPECT_EQ(next.value, R"({"do" : 1})");
  EXPECT_EQ(next.header("traceparent"), "00-1");
  EXPECT_EQ(world.outcomes(), 1u);

  world.create("h", {"a"}, R"("handler":{"onsuccess":{"topic":"jobs-x"},"onfailure":{"topic":"exact"}})");
  world.restart();
  world.fail("h", "a");
  world.outcome();
  EXPECT_EQ(world.sent_to("exact").value, world.outcome().value);
}

TEST(Handler, OfATopicThatIsNotAllowedIsDeadLettered) {
  CollectorOptions options;
  options.handler_topics = {"jobs-*"};
  World world(options);
  world.create("g", {}, R"("handler":{"onsuccess":{"topic":"secrets","payload":7}})");
  EXPECT_EQ(world.outcomes(), 1u);
  const Message letter = world.dead_letter();
  EXPECT_EQ(letter.header("dlq.reason"), "handler-refused");
  EXPECT_EQ(letter.key, "g");
  EXPECT_EQ(letter.value, "7");
  world.create("h", {}, R"("handler":{"onsuccess":{"topic":"jobs-no such topic"}})");
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "handler-refused");
}

TEST(Parent, IsToldWhatBecameOfItsChild) {
  World world;
  world.create("p", {"c1"});
  world.create("child", {"a"}, R"("parent":{"group":"p","entity":"c1"})");
  world.pass(5);
  world.done("child", "a", "[1]");
  const Message message = world.sent_to("in");
  EXPECT_EQ(message.key, "p");
  EXPECT_EQ(message.timestamp, timestamp_from_ms(1'800'000'000'005));
  EXPECT_EQ(message.value, R"({"type":"EventGroupCollectorEntityDone","id":"c1","group":"p","result":{"a":[1]}})");
  EXPECT_EQ(member(world.outcome_json(), "id"), R"("child")");
  world.event(*message.value);
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"c1":{"a":[1]}})");
}

TEST(Parent, FailsWithItsChild) {
  World world;
  world.create("child", {"a"}, R"("ttl":1,"parent":{"group":"p","entity":"c1"})");
  world.pass(1'500);
  const Message message = world.sent_to("in");
  EXPECT_EQ(member(*message.value, "error"), R"("Operation timed out after 1 seconds")");
  EXPECT_EQ(message.timestamp, timestamp_from_ms(1'800'000'001'000)) << "the child's deadline";
  world.event(R"({"type":"EventGroupCollectorCreate","id":"bad","parent":{"group":"p","entity":"c2"}})");
  EXPECT_EQ(member(*world.sent_to("in").value, "id"), R"("c2")");
}

TEST(Outcome, CarriesLabelsSenderAndDescription) {
  World world;
  world.create("g", {}, R"("labels":{"team":"a","z":"\u00e9"},"sender":"me","description":"what \"for\"")");
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "labels"), R"({"team":"a","z":"\u00e9"})");
  EXPECT_EQ(member(outcome, "sender"), R"("me")");
  EXPECT_EQ(member(outcome, "description"), R"("what \"for\"")");
}

}  // namespace
}  // namespace ebc::group
