// Timeouts of a collector that is caught up: never early, and how late.
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using Timeout = BrokerTest;

TEST_F(Timeout, IsNeverEarlyAndSoonAfterItsDeadline) {
  make_topic(4);
  const auto collector = start_collector();
  Workload workload({.seed = 31,
                     .groups = 300,
                     .groups_per_second = 100,
                     .error_share = 0,
                     .timeout_share = 1,
                     .timeout_ttl_min_ms = 1'000,
                     .timeout_ttl_max_ms = 6'000});
  RunningWorkload running(workload, brokers(), topic());
  KafkaReader reader(brokers(), topic());
  wait_for_resolved(reader, 300, 60s);
  running.finish();

  EXPECT_TRUE(is_exactly_once(check_outcomes(workload.produced(), reader.records())));
  const auto lateness = timeout_lateness(reader.records());
  ASSERT_EQ(lateness.seen.size(), 300U);
  EXPECT_GE(lateness.written.front(), 0) << "early";
  measured("timeout_written_median_ms", static_cast<double>(quantile(lateness.written, 0.5)));
  measured("timeout_written_max_ms", static_cast<double>(lateness.written.back()));
  measured("timeout_seen_median_ms", static_cast<double>(quantile(lateness.seen, 0.5)));
  measured("timeout_seen_p99_ms", static_cast<double>(quantile(lateness.seen, 0.99)));
  measured("timeout_seen_max_ms", static_cast<double>(lateness.seen.back()));
}

}  // namespace
}  // namespace ebc::broker_test
