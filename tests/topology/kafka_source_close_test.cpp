// Closing a member of the group at the worst moment, over librdkafka's mock cluster.
#include <gtest/gtest.h>

#include "tests/topology/mock_cluster.h"
#include "topology/kafka_source.h"

namespace ebc::topology {
namespace {

constexpr const char* kTopic = "events";

struct Silent final : RebalanceListener {
  void on_assigned(std::span<const Partition>) override { ++assigned; }
  void on_revoked(std::span<const Partition>) override {}
  void on_lost(std::span<const Partition>) override {}
  int assigned = 0;
};

// Up to librdkafka 2.2 the member's end would be the process's: an assertion about what the assignment would have
// brought.
TEST(KafkaSourceClose, EndsNoProcessBetweenItsEntryIntoTheGroupAndItsFirstAssignment) {
  for (const bool leave : {true, false}) {
    testing::MockCluster cluster;
    cluster.create_topic(kTopic, 1);
    cluster.answer_next(testing::KafkaApi::SyncGroup, RD_KAFKA_RESP_ERR_NO_ERROR, Duration{4'000});
    EngineConfig config;
    config.brokers = cluster.address();
    config.app_id = "closing";
    config.input_topic = kTopic;
    KafkaStatistics statistics;
    Silent listener;
    auto source = KafkaSource::make(config, "", "test", statistics, listener);
    ASSERT_TRUE(source.ok()) << source.status().message();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!(*source)->membership()->valid() && std::chrono::steady_clock::now() < until) {
      ASSERT_TRUE((*source)->poll(Duration{5}).ok());
    }
    ASSERT_TRUE((*source)->membership()->valid());
    ASSERT_EQ(listener.assigned, 0) << "too late for this test";
    (*source)->close(leave, Duration{500});
    source->reset();
  }
}

}  // namespace
}  // namespace ebc::topology
