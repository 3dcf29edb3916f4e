// The reckoning after a run of chaos, and the faults before it: that a doubled, a lost and a wrong outcome and a dead
// letter without reason are found, that an excuse excuses nothing else, and that a seed is a run.
#include "tests/topology/mock_cluster.h"
// The library's headers first.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/broker/dead_letters.h"
#include "tests/broker/outcome_checker.h"
#include "tests/chaos/faults.h"

namespace ebc::chaos {
namespace {

using namespace broker_test;

ConsumedRecord outcome(const PlannedGroup& group, const std::string& fields, std::int64_t resolved_ms) {
  const auto time = [](std::int64_t ms) { return fmt::format("1970-01-01T00:00:{:02}.{:03}Z", ms / 1000, ms % 1000); };
  return {
      .timestamp_ms = resolved_ms + 5,
      .key = group.id,
      .value = fmt::format(
          R"({{"type":"EventGroupCollector{}","id":"{}","created":"{}","resolved":"{}","payload":1,"origin":"t/0/0",{}}})",
          group.kind == Kind::Success ? "Success" : "Failure", group.id, time(group.created_ms), time(resolved_ms),
          fields),
      .headers = {}};
}

class Outcomes : public ::testing::Test {
 protected:
  const PlannedGroup success_{.id = "s",
                              .kind = Kind::Success,
                              .expected = {"a"},
                              .ttl = "30",
                              .ttl_ms = 30'000,
                              .payload = "1",
                              .results = {{"a", "7"}},
                              .error_entity = "",
                              .error = "",
                              .created_ms = 1'000};
  const PlannedGroup timeout_{.id = "t",
                              .kind = Kind::Timeout,
                              .expected = {"a", "b"},
                              .ttl = "2",
                              .ttl_ms = 2'000,
                              .payload = "1",
                              .results = {{"a", "7"}},
                              .error_entity = "",
                              .error = "",
                              .created_ms = 1'000};
  const ConsumedRecord right_success_ = outcome(success_, R"("results":{"a":7})", 1'500);

  ConsumedRecord timed_out(const std::string& results, int missing) const {
    return outcome(timeout_,
                   fmt::format(R"("entity":"t","error":"Operation timed out after 2 seconds","cause":"timeout",)"
                               R"("results":{},"missing":["b"],"missingCount":{})",
                               results, missing),
                   3'000);
  }
};

TEST_F(Outcomes, AreAcceptedWhenRight) {
  const auto report = check_outcomes({success_, timeout_}, {right_success_, timed_out(R"({"a":7})", 1)});
  EXPECT_TRUE(report.exactly_once()) << report.text();
}

TEST_F(Outcomes, ThatAreDoubledLostOrWrongAreFound) {
  EXPECT_EQ(check_outcomes({success_}, {right_success_, right_success_}).duplicates, 1U);
  EXPECT_EQ(check_outcomes({success_}, {}).missing, 1U);
  EXPECT_EQ(check_outcomes({success_}, {outcome(success_, R"("results":{"a":8})", 1'500)}).wrong, 1U);
  EXPECT_EQ(check_outcomes({timeout_}, {timed_out("{}", 2)}).wrong, 1U) << "a result in time was left out";
  auto early = timed_out(R"({"a":7})", 1);
  early.timestamp_ms = 2'990;
  EXPECT_EQ(check_outcomes({timeout_}, {early}).wrong, 1U) << "a timeout 10 ms early";
}

TEST_F(Outcomes, OfGroupsThatAnAbsentBrokerDelayedMayLackResultsButNothingElse) {
  auto delayed = timeout_;
  delayed.delayed_ms = 5'000;
  EXPECT_TRUE(check_outcomes({delayed}, {timed_out("{}", 2)}).exactly_once());
  EXPECT_EQ(check_outcomes({delayed}, {timed_out(R"({"a":8})", 1)}).wrong, 1U);
  EXPECT_EQ(check_outcomes({delayed}, {timed_out("{}", 1)}).wrong, 1U) << "a wrong count of what is missing";
  EXPECT_EQ(check_outcomes({delayed}, {timed_out("{}", 2), timed_out("{}", 2)}).duplicates, 1U);
  EXPECT_EQ(check_outcomes({delayed}, {}).missing, 1U);
}

TEST_F(Outcomes, MayBeATimeoutInsteadOnlyWhereTheBrokerWasAwayAsLongAsTheGroupLived) {
  auto finished = timeout_;
  finished.kind = Kind::Success;
  finished.results["b"] = "8";
  const auto instead = outcome(timeout_,
                               R"("entity":"t","error":"Operation timed out after 2 seconds",)"
                               R"("cause":"timeout","results":{"a":7},"missing":["b"],"missingCount":1)",
                               3'000);
  finished.delayed_ms = 1'999;
  EXPECT_EQ(check_outcomes({finished}, {instead}).wrong, 1U);
  finished.delayed_ms = 2'000;
  EXPECT_TRUE(check_outcomes({finished}, {instead}).exactly_once());
}

TEST(Excuse, IsOnlyForGroupsWhoseEventsCameIntoTheLogLate) {
  using topology::testing::KafkaApi;
  topology::testing::MockCluster cluster;
  cluster.create_topic("events", 1);
  KafkaProducer(cluster.address()).flush();
  cluster.answer_next(KafkaApi::Produce, RD_KAFKA_RESP_ERR_NO_ERROR, 1'300ms);
  Workload late({.seed = 3, .groups = 1, .done_spread_ms = 1, .done_first_share = 0, .repeat_share = 0});
  late.run(cluster.address(), "events");
  ASSERT_EQ(late.produced().size(), 1U);
  EXPECT_GE(late.produced()[0].delayed_ms, 1'300);
  EXPECT_LT(late.produced()[0].delayed_ms, 10'000);

  // The first ones may have waited for the connection.
  Workload in_time({.seed = 4, .groups = 150, .done_spread_ms = 1});
  in_time.run(cluster.address(), "events");
  EXPECT_EQ(in_time.produced().back().delayed_ms, 0);
}

ConsumedRecord letter(const std::string& value, const std::string& reason, const std::string& offset) {
  return {.key = {},
          .value = value,
          .headers = {{"dlq.reason", reason}, {"dlq.topic", "t"}, {"dlq.partition", "0"}, {"dlq.offset", offset}}};
}

TEST(DeadLetters, AreExplainedByThePlanOrReported) {
  const LetterPlan plan{{"bad", {.reasons = {"not-json"}, .copies = 2, .certain = true}},
                        {"late", {.reasons = {"no-such-group"}, .copies = 1}},
                        {"done", {.reasons = {}, .copies = 1}}};
  const auto bad = letter("bad", "not-json", "1"), second_bad = letter("bad", "not-json", "2");

  EXPECT_TRUE(check_dead_letters(plan, {bad, second_bad}).exactly_once());
  EXPECT_TRUE(check_dead_letters(plan, {bad, second_bad, letter("late", "no-such-group", "3")}).exactly_once());
  EXPECT_EQ(check_dead_letters(plan, {bad}).missing, 1U);
  EXPECT_EQ(check_dead_letters(plan, {bad, bad}).repeated, 1U);
  EXPECT_EQ(check_dead_letters(plan, {bad, bad}).missing, 1U) << "a repeat doesn't stand for the other copy";
  EXPECT_EQ(check_dead_letters(plan, {bad, second_bad, letter("done", "no-such-group", "3")}).unexplained, 1U);
  EXPECT_EQ(check_dead_letters(plan, {bad, second_bad, letter("late", "too-deep", "3")}).unexplained, 1U);
  EXPECT_EQ(check_dead_letters(plan, {bad, second_bad, letter("nobody's", "not-json", "3")}).unexplained, 1U);
}

std::vector<Fault> faults(const FaultPlan& plan, int count) {
  FaultSequence sequence(plan);
  std::vector<Fault> all;
  for (int i = 0; i < count; ++i) all.push_back(sequence.next());
  return all;
}

TEST(Faults, AreTheSameForTheSameSeedAndEachComesOnceBeforeAnyIsRepeated) {
  EXPECT_EQ(faults({.seed = 5}, 100), faults({.seed = 5}, 100));
  EXPECT_NE(faults({.seed = 5}, 100), faults({.seed = 6}, 100));
  const auto first = faults({.seed = 5}, 19);
  EXPECT_EQ(std::set<Fault>(first.begin(), first.end()).size(), 19U);
}

TEST(Faults, OfARunThatCountsKillsAreMostlyKills) {
  const auto all = faults({.seed = 5, .kills = 200, .broker_kills = 20}, 300);
  EXPECT_GT(std::ranges::count(all, Fault::Killed), 150);
  EXPECT_GE(std::ranges::count(all, Fault::BrokerKilled), 20);
}

}  // namespace
}  // namespace ebc::chaos
