// Instances that come and go in good order, under load: what moves, how long it takes, and who waits for it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

constexpr int kPartitions = 12;

class Rolling : public BrokerTest {
 protected:
  using Collectors = std::vector<std::unique_ptr<Collector>>;

  Collectors start_three(const std::vector<std::string>& extra) {
    Collectors all;
    for (const char* name : {"a", "b", "c"}) all.push_back(start_collector(extra, name));
    EXPECT_TRUE(wait_for_shares(all, {4, 4, 4}));
    return all;
  }
  static bool wait_for_shares(const Collectors& collectors, const std::vector<std::size_t>& shares) {
    return eventually(30s, [&] {
      for (std::size_t i = 0; i < shares.size(); ++i) {
        if (collectors[i]->running_homes().size() != shares[i]) return false;
      }
      return true;
    });
  }
  static std::size_t running(std::initializer_list<const Collector*> collectors) {
    std::size_t homes = 0;
    for (const Collector* collector : collectors) homes += collector->running_homes().size();
    return homes;
  }
  static std::size_t rebalances(const Collector& collector) {
    const std::string log = collector.log();
    std::size_t count = 0;
    for (const char* word : {"] assigned input", "] gave up input"}) {
      for (auto at = log.find(word); at != std::string::npos; at = log.find(word, at + 1)) ++count;
    }
    return count;
  }

  // From when the deciding event was made to when its outcome was written, of groups that lived in these homes.
  std::int64_t longest_wait(const std::vector<ConsumedRecord>& seen, const std::set<int>& homes) const {
    std::int64_t longest = 0;
    for (const auto& record : seen) {
      const auto outcome = parse_outcome(record.value.value_or(""));
      if (!outcome || outcome->cause == "timeout") continue;
      const auto partition = std::atoi(outcome->origin.c_str() + outcome->origin.find('/') + 1);
      if (homes.contains(partition)) longest = std::max(longest, record.timestamp_ms - outcome->resolved_ms);
    }
    return longest;
  }
  std::vector<ConsumedRecord> all_outcomes() {
    KafkaReader reader(brokers(), topic());
    EXPECT_TRUE(reader.read_to_end(30s));
    return reader.records();
  }
};

TEST_F(Rolling, RestartOfStaticMembersMovesNoPartition) {
  make_topic(kPartitions);
  const auto all = start_three({"--on-stop", "stay"});
  Workload workload({.seed = 61, .groups = 20'000, .groups_per_second = 200, .finished_ttl_ms = 8'000});
  RunningWorkload load(workload, brokers(), topic());
  std::vector<std::set<int>> shares;
  std::vector<std::size_t> before;
  for (const auto& collector : all) {
    shares.push_back(collector->running_homes());
    before.push_back(rebalances(*collector));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i]->stop().code, 0);
    const Stopwatch stopwatch;
    all[i]->start();
    ASSERT_TRUE(eventually(
        9s, [&] { return all[i]->running_homes() == shares[i]; }, 5ms))
        << "it got other homes";
    measured("rolling_restart_to_processing_ms", static_cast<double>(stopwatch.ms()));
    before[i] = rebalances(*all[i]);
    for (std::size_t other = 0; other < all.size(); ++other) {
      EXPECT_EQ(all[other]->running_homes(), shares[other]) << "a partition moved";
      EXPECT_EQ(rebalances(*all[other]), before[other]) << "another one was rebalanced";
    }
  }
  load.stop();
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 60s, "8.5")));
  std::set<int> homes;
  for (const auto& share : shares) homes.insert(share.begin(), share.end());
  measured("longest_wait_in_rolling_restarts_ms", static_cast<double>(longest_wait(all_outcomes(), homes)));
}

// One, three, one again; nothing is lost, and events of partitions that stayed don't wait.
TEST_F(Rolling, FromOneInstanceToThreeAndBackLosesNothing) {
  make_topic(kPartitions);
  Collectors all;
  all.push_back(start_collector({}, "a"));
  // Some 2,000 events a second.
  Workload workload({.seed = 62, .groups = 60'000, .groups_per_second = 560, .finished_ttl_ms = 8'000});
  RunningWorkload load(workload, brokers(), topic());
  ASSERT_TRUE(wait_for_shares(all, {kPartitions}));
  all.push_back(start_collector({}, "b"));
  all.push_back(start_collector({}, "c"));
  ASSERT_TRUE(wait_for_shares(all, {4, 4, 4}));
  const std::set<int> stayed = all[0]->running_homes();

  for (const std::size_t leaver : {2U, 1U}) {
    std::int64_t left_ms = 0;
    {
      // The process may take its time to end; its partitions must not.
      all[leaver]->process().signal(SIGTERM);
      const Stopwatch stopwatch;
      ASSERT_TRUE(eventually(
          20s,
          [&] {
            return (leaver == 2 ? running({all[0].get(), all[1].get()}) : running({all[0].get()})) == kPartitions;
          },
          5ms));
      left_ms = stopwatch.ms();
    }
    measured("leave_to_running_elsewhere_ms", static_cast<double>(left_ms));
    const auto end = all[leaver]->process().wait(10s);
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->code, 0);
  }
  load.stop();
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 60s, "8.5")));
  measured("longest_wait_in_homes_that_stayed_ms", static_cast<double>(longest_wait(all_outcomes(), stayed)));
}

TEST_F(Rolling, TimeoutsAcrossThreeInstancesAreNeverEarlyAndSoonAfterTheirDeadline) {
  make_topic(kPartitions);
  const auto all = start_three({});
  Workload workload({.seed = 63,
                     .groups = 600,
                     .groups_per_second = 60,
                     .error_share = 0,
                     .timeout_share = 1,
                     .keying = Keying::Mixed,
                     .timeout_ttl_min_ms = 1'000,
                     .timeout_ttl_max_ms = 5'000});
  RunningWorkload load(workload, brokers(), topic());
  KafkaReader reader(brokers(), topic());
  wait_for_resolved(reader, 600, 60s);
  load.finish();
  EXPECT_TRUE(is_exactly_once(check_outcomes(workload.produced(), reader.records())));
  const auto lateness = timeout_lateness(reader.records());
  ASSERT_EQ(lateness.written.size(), 600U);
  EXPECT_GE(lateness.written.front(), 0) << "early";
  measured("three_instances_timeout_written_median_ms", static_cast<double>(quantile(lateness.written, 0.5)));
  measured("three_instances_timeout_written_p99_ms", static_cast<double>(quantile(lateness.written, 0.99)));
  measured("three_instances_timeout_seen_median_ms", static_cast<double>(quantile(lateness.seen, 0.5)));
}

}  // namespace
}  // namespace ebc::broker_test
