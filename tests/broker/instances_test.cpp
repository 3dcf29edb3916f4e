// Two instances of one application: joining and dying under load, and what they tell each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using Instances = BrokerTest;

TEST_F(Instances, ShareTheHomesAndOneTakesOverWhenTheOtherIsKilled) {
  make_topic(4);
  const std::vector<std::string> quick{"--session-timeout", "4s"};
  auto first = start_collector(quick, "a");
  Workload workload(
      {.seed = 21, .groups = 12'000, .groups_per_second = 100, .keying = Keying::Mixed, .finished_ttl_ms = 12'000});
  RunningWorkload running(workload, brokers(), topic());
  const auto has_homes = [](const Collector& collector, double count) { return collector.metric("homes") == count; };
  ASSERT_TRUE(eventually(20s, [&] { return has_homes(*first, 4); }));

  const auto second = start_collector(quick, "b");
  ASSERT_TRUE(eventually(30s, [&] { return has_homes(*first, 2) && has_homes(*second, 2) && second->ready(); }))
      << "the homes aren't shared";
  const auto records = second->metric("records_total").value_or(0);
  ASSERT_TRUE(eventually(20s, [&] { return second->metric("records_total").value_or(0) > records + 200; }))
      << "the second one doesn't process";

  first->kill9();
  const Stopwatch stopwatch;
  ASSERT_TRUE(eventually(60s, [&] { return has_homes(*second, 4) && second->ready(); })) << "no takeover";
  measured("takeover_ms", static_cast<double>(stopwatch.ms()));
  running.stop();

  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 90s, "12.5")));
}

/// Later versions write what the least of the live ones reads; those that are out already can't be taught to say so.
TEST_F(Instances, AnnounceTheFormatsThatTheyRead) {
  make_topic(2);
  const auto first = start_collector({}, "a");
  const auto second = start_collector({}, "b");
  KafkaReader reader(brokers(), app_id() + "-instances");
  std::map<std::string, std::string> announced;
  ASSERT_TRUE(eventually(20s, [&] {
    reader.poll(100ms);
    for (const auto& record : reader.records()) announced[record.key.value_or("")] = record.value.value_or("");
    return announced.size() == 2;
  })) << announced.size();
  for (const auto& [id, value] : announced) EXPECT_THAT(value, testing::HasSubstr("\nformats 1/1\n")) << id;
}

}  // namespace
}  // namespace ebc::broker_test
