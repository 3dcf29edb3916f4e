#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

TEST(Collector, SucceedsOnceAllEntitiesAreDone) {
  World world;
  world.event(
      R"({"id":"F0CABCA1","type":"EventGroupCollectorCreate","expected":["c","a","b"],"ttl":120,"payload":{"group":"payload"}})");
  world.pass(250);
  world.done("F0CABCA1", "a", R"({"job":"A","bar":true})");
  world.done("F0CABCA1", "c", R"({"job":"C","bar":{"buzz":42}})");
  EXPECT_EQ(world.outcomes(), 0u);
  world.pass(250);
  world.done("F0CABCA1", "b", R"({"job":"B","bar":true})");

  const Message outcome = world.outcome();
  EXPECT_EQ(outcome.key, "F0CABCA1");
  EXPECT_EQ(outcome.timestamp, std::nullopt);
  EXPECT_EQ(outcome.value,
            R"({"type":"EventGroupCollectorSuccess","id":"F0CABCA1","created":"2027-01-15T08:00:00.000Z",)"
            R"("resolved":"2027-01-15T08:00:00.500Z","results":{"a":{"job":"A","bar":true},"b":{"job":"B","bar":true},)"
            R"("c":{"job":"C","bar":{"buzz":42}}},"payload":{"group":"payload"},"origin":"in/3/0"})");
  EXPECT_EQ(world.outputs(), 0u);
}

TEST(Collector, FailsAtTheFirstErrorAndTellsWhoseItWas) {
  World world;
  world.create("g", {"a", "b", "c"}, R"("payload":[1])");
  world.done("g", "b", "1");
  world.fail("g", "c", R"("Insufficient space")");
  EXPECT_EQ(
      world.outcome_json(),
      R"({"type":"EventGroupCollectorFailure","id":"g","entity":"c","error":"Insufficient space","cause":"error",)"
      R"("created":"2027-01-15T08:00:00.000Z","resolved":"2027-01-15T08:00:00.000Z",)"
      R"("results":{"b":1,"c":null},"payload":[1],"origin":"in/3/0"})");
}

TEST(Collector, TimesOutWithTheTtlAsItWasSpelled) {
  World world;
  world.create("g", {"b", "a"}, R"("ttl":1.50)");
  world.done("g", "a", "[]");
  world.pass(1500);
  EXPECT_EQ(world.outcomes(), 0u) << "the deadline has come, but not passed";
  world.pass(1);
  EXPECT_EQ(world.outcome_json(),
            R"({"type":"EventGroupCollectorFailure","id":"g","entity":"g",)"
            R"("error":"Operation timed out after 1.50 seconds","cause":"timeout",)"
            R"("created":"2027-01-15T08:00:00.000Z","resolved":"2027-01-15T08:00:01.500Z",)"
            R"("results":{"a":[]},"payload":null,"origin":"in/3/0","missing":["b"],"missingCount":1})");
}

TEST(Collector, SucceedsAtOnceWhenNothingIsExpected) {
  World world;
  world.create("g", {});
  EXPECT_EQ(member(world.outcome_json(), "results"), "{}");
}

TEST(Collector, CountsARepeatedIdOnce) {
  World world;
  world.create("g", {"a", "a", "b", "a"});
  world.done("g", "a");
  world.done("g", "b");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"a":"ok","b":"ok"})");
}

class Verbatim : public testing::TestWithParam<std::string_view> {};
TEST_P(Verbatim, ComesBackByteForByte) {
  World world;
  world.create("g", {"a"}, R"("payload": )" + std::string(GetParam()) + " ");
  world.restart();
  world.done("g", "a", std::string(GetParam()));
  const std::string json = world.outcome_json();
  EXPECT_EQ(member(json, "payload"), GetParam());
  EXPECT_EQ(member(json, "results"), R"({"a":)" + std::string(GetParam()) + "}");
}
INSTANTIATE_TEST_SUITE_P(Collector, Verbatim,
                         testing::Values("1e400", "-0.0", "12345678901234567890", "1.0000000000000000000001",
                                         R"({"z":1,"a":2,"z":3})", R"("\u00e9\/\ud83d\ude00")", R"("\ud800")",
                                         "{ \"spaces\" :\t[ 1 , 2 ] }", "null", "false", R"("é")", R"("")"));

class ErrorValues : public testing::TestWithParam<std::string_view> {};
TEST_P(ErrorValues, ComeBackByteForByte) {
  World world;
  world.create("g", {"a"});
  world.fail("g", "a", GetParam());
  EXPECT_EQ(member(world.outcome_json(), "error"), GetParam());
}
INSTANTIATE_TEST_SUITE_P(Collector, ErrorValues,
                         testing::Values("true", "0", "[]", "{}", R"({"code":1e400})", R"(" ")", R"("é")"));

class NoErrors : public testing::TestWithParam<std::string_view> {};
TEST_P(NoErrors, MeanThatTheEntityIsDone) {
  World world;
  world.create("g", {"a"});
  world.event(R"({"id":"a","group":"g","type":"EventGroupCollectorEntityDone","error":)" + std::string(GetParam()) +
              "}");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"a":null})");
}
INSTANTIATE_TEST_SUITE_P(Collector, NoErrors, testing::Values("null", "false", R"("")"));

TEST(Collector, LetsTheErrorCountWhenBothAreGiven) {
  World world;
  world.create("g", {"a"});
  world.event(R"({"id":"a","group":"g","type":"EventGroupCollectorEntityDone","result":1,"error":"e"})");
  EXPECT_EQ(member(world.outcome_json(), "cause"), R"("error")");
}

TEST(Collector, KeepsOddIdsApart) {
  World world;
  const std::string nul("a\0", 2);
  world.create("a", {nul, "a", "\"q\"", "é"});
  world.create(nul, {"x"});
  world.restart();
  world.done(nul, "x", "1");
  EXPECT_EQ(member(world.outcome_json(), "id"), R"("a\u0000")");
  world.done("a", "é", "4");
  world.done("a", "a", "2");
  world.done("a", nul, "3");
  world.done("a", "\"q\"", "1");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"\"q\"":1,"a":2,"a\u0000":3,"é":4})");
}

TEST(Collector, UnescapesIdsAndFieldNames) {
  World world;
  world.create("\xF0\x9F\x98\x80", {"a"});
  world.event(R"({"\u0069d":"\u0061","gr\u006fup":"\ud83d\ude00","type":"EventGroupCollector\u0045ntityDone"})");
  EXPECT_EQ(world.outcome().key, "\xF0\x9F\x98\x80");
}

TEST(Collector, LetsTheLastOfARepeatedFieldCount) {
  World world;
  world.event(R"({"id":"x","id":"g","type":"Foo","type":"EventGroupCollectorCreate","expected":7,"expected":["a"]})");
  world.event(R"({"id":"a","group":"g","type":"EventGroupCollectorEntityDone","result":1,"result":2})");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"a":2})");
}

TEST(Collector, CarriesTheNamedHeadersOfTheCreate) {
  World world;
  world.with_headers({{"traceparent", "00-1"}, {"other", "x"}, {"kafka_correlationId", std::nullopt}});
  world.create("g", {"a"});
  world.with_headers({{"traceparent", "not this one"}});
  world.restart();
  world.done("g", "a");
  const Message outcome = world.outcome();
  EXPECT_EQ(outcome.headers.size(), 2u);
  EXPECT_EQ(outcome.header("traceparent"), "00-1");
  EXPECT_EQ(outcome.header("kafka_correlationId"), "(null)");
}

TEST(Collector, OpensANewGroupUnderTheIdOfAResolvedOne) {
  World world;
  world.create("g", {"a"});
  world.done("g", "a", "1");
  world.pass(1);
  world.create("g", {"a"});
  world.done("g", "a", "2");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"a":1})");
  const std::string second = world.outcome_json();
  EXPECT_EQ(member(second, "results"), R"({"a":2})");
  EXPECT_EQ(member(second, "origin"), R"("in/3/2")");
}

TEST(Collector, IgnoresACreateThatIsRepeatedWordForWord) {
  World world;
  const std::string create = R"({"id":"g","type":"EventGroupCollectorCreate","expected":["a"]})";
  world.event_at(world.now_ms(), create);
  world.event_at(world.now_ms(), create);
  world.restart();
  world.event_at(world.now_ms(), create);
  world.done("g", "a");
  world.event_at(world.now_ms(), create);
  EXPECT_EQ(world.outcomes(), 1u);
  EXPECT_EQ(world.dead_letters(), 0u);
  EXPECT_EQ(world.stats().of(Counter::Repeats), 3u);
}

TEST(Collector, CountsLateEvents) {
  World world;
  world.create("g", {"a", "b"});
  world.fail("g", "a");
  world.done("g", "b");
  world.fail("g", "a");
  EXPECT_EQ(world.outcomes(), 1u);
  EXPECT_EQ(world.dead_letters(), 0u);
  EXPECT_EQ(world.stats().of(Counter::Late), 2u);
}

TEST(Collector, KeepsABigGroupsResultsInTheOrderOfTheirIds) {
  World world;
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.push_back("entity-" + std::to_string(i));
  world.create("big", ids);
  EXPECT_LT(world.commit(), 1'010u);
  for (const std::string& id : ids) {
    world.done("big", id, "\"" + id + "\"");
    if (id == "entity-500") world.restart();
  }
  const std::string results = member(world.outcome_json(), "results");
  std::sort(ids.begin(), ids.end());
  std::string expected = "{";
  for (const std::string& id : ids) expected += (expected.size() > 1 ? ",\"" : "\"") + id + "\":\"" + id + "\"";
  EXPECT_EQ(results, expected + "}");
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u) << "only the totals are left";
}

TEST(Collector, SkipsWhatIsNotForIt) {
  World world;
  world.event(R"({"type":"OrderPlaced","id":7})");
  world.event(R"({"type":"EventGroupCollectorSuccess","id":"g"})");
  world.event(R"({"id":"g","type":"EventGroupCollectorFailure"})");
  world.record({});
  EXPECT_EQ(world.outputs(), 0u);
  EXPECT_EQ(world.stats().of(Counter::Skipped), 4u);
}

TEST(Collector, RoutesByGroupId) {
  World world;
  EXPECT_EQ(world.route(R"({"type":"EventGroupCollectorEntityDone","id":"a","group":"g"})").key, "g");
  EXPECT_EQ(world.route(R"({"type":"EventGroupCollectorCreate","id":"g","expected":[]})").key, "g");
  EXPECT_EQ(world.route(R"({"type":"EventGroupCollectorCreate","id":"g"})").key, "g");
  EXPECT_EQ(world.route(R"({"type":"EventGroupCollectorCreate"})").kind, Route::Kind::Unkeyed);
  EXPECT_EQ(world.route("garbage").kind, Route::Kind::Unkeyed);
  EXPECT_EQ(world.route(R"({"type":"Other"})").kind, Route::Kind::Skip);
}

TEST(Collector, EndsAGroupWhoseOutcomeWouldBeTooLarge) {
  CollectorOptions options;
  options.max_outcome_bytes = 20'000;
  World world(options);
  world.create("g", {"a", "b", "c"}, R"("payload":"kept")");
  world.done("g", "a", json_text(std::string(9'000, 'x')));
  world.done("g", "b", json_text(std::string(9'000, 'y')));
  EXPECT_EQ(world.outcomes(), 0u);
  world.done("g", "c", json_text(std::string(9'000, 'z')));
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "cause"), R"("too-large")");
  EXPECT_EQ(member(outcome, "results"), "{}");
  EXPECT_EQ(member(outcome, "payload"), R"("kept")");
}

}  // namespace
}  // namespace ebc::group
