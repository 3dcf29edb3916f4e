// Whatever key and partitioner a producer uses, groups come together.
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class Keys : public BrokerTest {
 protected:
  static WorkloadOptions options(Keying keying, std::size_t groups = 300) {
    return {.seed = 17, .groups = groups, .groups_per_second = 100, .keying = keying};
  }
};

TEST_F(Keys, ThatAreGroupIdsByJavasPartitionerNeedNoHop) {
  make_topic(4);
  const auto collector = start_collector();
  Workload workload(options(Keying::ByGroup));
  workload.run(brokers(), topic());

  EXPECT_TRUE(is_exactly_once(check_all(workload.produced())));
  EXPECT_EQ(collector->metric("rekeyed_records_total"), 0);
}

struct Way {
  const char* name;
  Keying keying;
};

class OtherKeys : public Keys, public ::testing::WithParamInterface<Way> {};

TEST_P(OtherKeys, GiveRightOutcomesToo) {
  make_topic(4);
  const auto collector = start_collector();
  Workload workload(options(GetParam().keying));
  workload.run(brokers(), topic());

  EXPECT_TRUE(is_exactly_once(check_all(workload.produced())));
  const auto rekeyed = collector->metric("rekeyed_records_total").value_or(0);
  const auto records = collector->metric("records_total").value_or(0);
  measured(std::string("rekeyed_share_") + GetParam().name, rekeyed / records);
  EXPECT_GT(rekeyed, 300) << "nothing needed a hop: this proves nothing";
}

INSTANTIATE_TEST_SUITE_P(By, OtherKeys,
                         ::testing::Values(Way{"Nothing", Keying::None}, Way{"Entity", Keying::ByEntity},
                                           Way{"Crc32", Keying::ByCrc32}, Way{"Fnv1a", Keying::ByFnv1a},
                                           Way{"AllAtOnce", Keying::Mixed},
                                           Way{"AnotherPartitionerInMidGroup", Keying::Changed}),
                         [](const auto& way) { return std::string(way.param.name); });

// Groups opened when there were 3 partitions are finished by records in the 4 new ones, which have no homes.
class GrownInput : public Keys, public ::testing::WithParamInterface<Way> {};

TEST_P(GrownInput, FromThreeToSevenPartitionsWhileRunningKeepsEveryGroup) {
  make_topic(3);
  const auto collector = start_collector();
  Workload workload(options(GetParam().keying, 2'500));
  RunningWorkload running(workload, brokers(), topic());
  const auto records = [&] { return collector->metric("records_total").value_or(0); };
  ASSERT_TRUE(eventually(30s, [&] { return records() > 1'000; }));

  admin().grow_topic(topic(), 7);

  ASSERT_TRUE(eventually(30s, [&] { return collector->log().find("routing from offset") != std::string::npos; }))
      << "the new partitions aren't read";
  running.finish();
  const auto report = check_all(workload.produced());
  EXPECT_TRUE(is_exactly_once(report));
  std::int64_t in_new_ones = 0;
  const auto ends = admin().watermarks(topic());
  for (std::size_t p = 3; p < ends.size(); ++p) in_new_ones += ends[p].high;
  measured(std::string("records_in_the_new_partitions_") + GetParam().name, static_cast<double>(in_new_ones));
  EXPECT_GT(in_new_ones, 500) << "nothing came into the new partitions: this proves nothing";
}

INSTANTIATE_TEST_SUITE_P(By, GrownInput,
                         ::testing::Values(Way{"Group", Keying::ByGroup}, Way{"AllAtOnce", Keying::Mixed}),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace ebc::broker_test
