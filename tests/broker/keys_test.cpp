// Whatever key and partitioner a producer uses, groups come together.
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class Keys : public BrokerTest {
 protected:
  static WorkloadOptions options(Keying keying, const std::string& prefix) {
    return {.seed = 17, .groups = 300, .groups_per_second = 100, .keying = keying, .prefix = prefix};
  }
};

TEST_F(Keys, ThatAreGroupIdsByJavasPartitionerNeedNoHop) {
  make_topic(4);
  const auto collector = start_collector();
  Workload workload(options(Keying::ByGroup, "java"));
  workload.run(brokers(), topic());

  EXPECT_TRUE(is_exactly_once(check_all(workload.produced())));
  EXPECT_EQ(collector->metric("rekeyed_records_total"), 0);
}

TEST_F(Keys, OfAnyOtherKindGiveRightOutcomesToo) {
  make_topic(4);
  const auto collector = start_collector();
  Workload none(options(Keying::None, "none")), by_entity(options(Keying::ByEntity, "entity")),
      by_crc32(options(Keying::ByCrc32, "crc32")), mixed(options(Keying::Mixed, "mixed"));
  std::vector<PlannedGroup> plan;
  {
    RunningWorkload a(none, brokers(), topic()), b(by_entity, brokers(), topic()), c(by_crc32, brokers(), topic()),
        d(mixed, brokers(), topic());
    for (auto* running : {&a, &b, &c, &d}) running->finish();
  }
  for (const auto* workload : {&none, &by_entity, &by_crc32, &mixed}) {
    const auto produced = workload->produced();
    plan.insert(plan.end(), produced.begin(), produced.end());
  }

  EXPECT_TRUE(is_exactly_once(check_all(plan)));
  EXPECT_GT(collector->metric("rekeyed_records_total").value_or(0), 1'000);
}

}  // namespace
}  // namespace ebc::broker_test
