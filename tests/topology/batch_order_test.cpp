#include "topology/batch_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ebc::topology {
namespace {

using ::testing::ElementsAre;

Fetched at(Partition partition, std::int64_t ms) {
  Fetched fetched;
  fetched.log = {Channel::Input, partition};
  fetched.record.timestamp = timestamp_from_ms(ms);
  return fetched;
}

std::vector<std::uint32_t> order(const std::vector<Fetched>& records) {
  BatchOrder batch_order;
  const auto found = batch_order.of(records);
  return {found.begin(), found.end()};
}

TEST(BatchOrder, MergesPartitionsByTimestamp) {
  EXPECT_THAT(order({at(0, 10), at(0, 30), at(1, 20), at(1, 40)}), ElementsAre(0, 2, 1, 3));
}

TEST(BatchOrder, KeepsTheOffsetOrderOfAPartitionWhateverItsTimestamps) {
  EXPECT_THAT(order({at(0, 30), at(0, 10), at(1, 20)}), ElementsAre(2, 0, 1));
}

TEST(BatchOrder, TakesInterleavedPartitionsApart) {
  EXPECT_THAT(order({at(0, 1), at(1, 2), at(0, 3), at(1, 4)}), ElementsAre(0, 1, 2, 3));
}

TEST(BatchOrder, OfNothingIsNothing) { EXPECT_TRUE(order({}).empty()); }

TEST(BatchOrder, StartsAfreshWithEachBatch) {
  BatchOrder batch_order;
  const std::vector<Fetched> first{at(0, 5), at(1, 4)}, second{at(2, 9)};
  EXPECT_EQ(batch_order.of(first).size(), 2u);
  EXPECT_THAT(batch_order.of(second), ElementsAre(0));
}

}  // namespace
}  // namespace ebc::topology
