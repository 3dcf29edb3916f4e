// Standbys: a killed instance's homes go to who has followed them, and only what it was behind is replayed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

constexpr int kPartitions = 4;
constexpr std::size_t kEntitiesOfAGroup = 100;
constexpr std::int64_t kSessionMs = 6'000;

class Standby : public BrokerTest {
 protected:
  // Groups of many entities, none of which has reported.
  std::vector<PlannedGroup> open_groups(std::size_t entities) {
    std::vector<PlannedGroup> groups(entities / kEntitiesOfAGroup);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i].id = fmt::format("open-{}", i);
      for (std::size_t e = 0; e < kEntitiesOfAGroup; ++e) groups[i].expected.push_back(fmt::format("entity-{:03}", e));
      groups[i].ttl = "3600";
      groups[i].ttl_ms = 3'600'000;
      groups[i].payload = "null";
    }
    produce_creates(brokers(), topic(), groups);
    return groups;
  }

  void finish(std::vector<PlannedGroup>& groups, std::size_t from_entity, std::size_t until_entity) {
    KafkaProducer producer(brokers());
    for (auto& group : groups) {
      for (std::size_t e = from_entity; e < until_entity; ++e) {
        const auto& entity = group.expected[e];
        group.results[entity] = "1";
        producer.produce({.topic = topic(), .key = group.id, .value = done_json(group.id, entity, "1")});
      }
    }
    producer.flush();
  }

  /// Between two lines of a log, the last ones of their kind, in ms; the same day.
  static double logged_between(const std::string& log, const std::string& first, const std::string& second) {
    const auto at_ms = [&log](const std::string& text) {
      const auto line = log.rfind('\n', log.rfind(text)) + 1;  // 2026-11-24T19:36:07.374Z
      return ((std::stod(log.substr(line + 11, 2)) * 60 + std::stod(log.substr(line + 14, 2))) * 60 +
              std::stod(log.substr(line + 17, 6))) *
             1'000;
    };
    return at_ms(second) - at_ms(first);
  }

  static bool follows(const Collector& collector, std::size_t homes, double lag) {
    const auto lags = collector.standby_lags();
    return lags.size() == homes &&
           std::ranges::all_of(lags, [&](const auto& l) { return l.second >= 0 && l.second <= lag; });
  }
};

// EBC_STANDBY_ENTITIES=1000000 is the long form.
TEST_F(Standby, TakesOverAKilledInstanceByReplayingOnlyItsLag) {
  const char* wanted = std::getenv("EBC_STANDBY_ENTITIES");
  const std::size_t entities = wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 100'000;
  const std::vector<std::string> options{"--standby", "1", "--session-timeout", fmt::format("{}ms", kSessionMs)};
  make_topic(kPartitions);
  auto first = start_collector(options, "a");
  auto groups = open_groups(entities);
  finish(groups, 0, kEntitiesOfAGroup / 2);
  wait_until_caught_up(180s);
  auto second = start_collector(options, "b");
  ASSERT_TRUE(
      eventually(60s, [&] { return first->running_homes().size() == 2 && second->running_homes().size() == 2; }));
  ASSERT_TRUE(eventually(120s, [&] { return follows(*first, 2, 10) && follows(*second, 2, 10); }))
      << "they don't follow each other";
  Workload workload({.seed = 51, .groups = 6'000, .groups_per_second = 100, .finished_ttl_ms = 8'000});
  RunningWorkload running(workload, brokers(), topic());
  const auto records = second->metric("records_total").value_or(0);
  ASSERT_TRUE(eventually(20s, [&] { return second->metric("records_total").value_or(0) > records + 300; }));

  const double replayed_before = second->metric("restored_records_total").value_or(0);
  first->kill9();
  const Stopwatch stopwatch;
  ASSERT_TRUE(eventually(
      60s, [&] { return second->running_homes().size() == kPartitions; }, 5ms))
      << "no takeover";
  const auto took = stopwatch.ms();
  const double replayed = second->metric("restored_records_total").value_or(0) - replayed_before;
  measured("standby_open_entities", static_cast<double>(entities));
  measured("standby_takeover_ms", static_cast<double>(took));
  measured("standby_takeover_beyond_session_ms", static_cast<double>(took - kSessionMs));
  // From when the group has given the homes to it: most of the rest is the group's own way of noticing.
  measured("standby_take_ms", logged_between(second->log(), "assigned input partitions", "] running: "));
  measured("standby_ended_transactions", second->log().find("ended what") != std::string::npos ? 1 : 0);
  measured("standby_replayed_records", replayed);
  EXPECT_LT(replayed, static_cast<double>(groups.size())) << "the standby was cold";

  running.stop();
  finish(groups, kEntitiesOfAGroup / 2, kEntitiesOfAGroup);
  auto plan = workload.produced();
  plan.insert(plan.end(), groups.begin(), groups.end());
  EXPECT_TRUE(is_exactly_once(check_all(plan, 120s, "8.5")));
}

}  // namespace
}  // namespace ebc::broker_test
