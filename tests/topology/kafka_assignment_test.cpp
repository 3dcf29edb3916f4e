// Where reading goes on, over librdkafka's mock cluster; the client's own idea of that is not what counts.
#include "topology/kafka_assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>

#include "tests/topology/mock_cluster.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr LogPartition kLog{Channel::Input, 0};

class Reading : public ::testing::Test {
 protected:
  Reading() {
    cluster.create_topic("events", 1);
    produce(5);
    auto* conf = rd_kafka_conf_new();
    for (const auto& [name, value] : {std::pair{"bootstrap.servers", config.brokers.c_str()},
                                      {"group.id", "reading"},
                                      {"enable.auto.offset.store", "false"},
                                      {"auto.offset.reset", "error"},
                                      {"fetch.wait.max.ms", "10"}}) {
      rd_kafka_conf_set(conf, name, value, nullptr, 0);
    }
    client.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0));
    rd_kafka_poll_set_consumer(client.get());
    queue.reset(rd_kafka_queue_get_consumer(client.get()));
    hops.reset(rd_kafka_queue_new(client.get()));
    assignment.emplace(names, client.get(), hops.get());
  }

  static EngineConfig settings(const MockCluster& cluster) {
    EngineConfig config;
    config.brokers = cluster.address();
    config.app_id = "reading";
    config.input_topic = "events";
    return config;
  }
  void produce(int records) {
    auto* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", cluster.address().c_str(), nullptr, 0);
    const KafkaClient producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
    for (int i = 0; i < records; ++i) {
      rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC("events"), RD_KAFKA_V_PARTITION(0),
                        RD_KAFKA_V_VALUE(const_cast<char*>("x"), 1), RD_KAFKA_V_END);
    }
    rd_kafka_flush(producer.get(), 10'000);
  }
  Status read_from(Offset offset) { return assignment->read(std::array{LogPosition{kLog, offset}}); }
  /// Offsets of the next so many records, or of what comes within `limit`. By then the client takes them for read.
  std::vector<Offset> take(std::size_t records, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    std::vector<Offset> offsets;
    const auto until = std::chrono::steady_clock::now() + limit;
    while (offsets.size() < records && std::chrono::steady_clock::now() < until) {
      const KafkaMessage message(rd_kafka_consume_queue(queue.get(), 10));
      if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) offsets.push_back(message->offset);
    }
    return offsets;
  }

  MockCluster cluster;
  const EngineConfig config = settings(cluster);
  const TopicNames names{config};
  KafkaClient client;
  KafkaQueue queue, hops;
  std::optional<KafkaAssignment> assignment;
};

// What the client lost in its own pause is counted as read by it.
TEST_F(Reading, GoesBackToWhatWasHandedOutWithTheAnswerToARebalance) {
  ASSERT_TRUE(read_from(0).ok());
  ASSERT_THAT(take(4), ElementsAre(0, 1, 2, 3));
  assignment->handed_out({kLog, 2});
  ASSERT_TRUE(assignment->accept().ok());
  EXPECT_THAT(take(3), ElementsAre(2, 3, 4));
  assignment->handed_out({kLog, 4});
  ASSERT_TRUE(assignment->give_up({}).ok());
  EXPECT_THAT(take(1), ElementsAre(4));
}

TEST_F(Reading, GoesOnAtTheStartWhenNothingWasHandedOut) {
  ASSERT_TRUE(read_from(1).ok());
  ASSERT_THAT(take(2), ElementsAre(1, 2));
  ASSERT_TRUE(assignment->accept().ok());
  EXPECT_THAT(take(4), ElementsAre(1, 2, 3, 4));
}

TEST_F(Reading, OfAStoppedLogGoesOnWhenItIsAskedFor) {
  ASSERT_TRUE(read_from(0).ok());
  ASSERT_THAT(take(2), ElementsAre(0, 1));
  ASSERT_TRUE(assignment->stop(std::array{kLog}).ok());
  ASSERT_TRUE(assignment->accept().ok());
  EXPECT_THAT(take(1, std::chrono::milliseconds(500)), IsEmpty());
  ASSERT_TRUE(read_from(1).ok());
  EXPECT_THAT(take(4), ElementsAre(1, 2, 3, 4));
}

TEST_F(Reading, OfALogThatCameBackIsNotStopped) {
  ASSERT_TRUE(read_from(0).ok());
  ASSERT_THAT(take(1), ElementsAre(0));
  ASSERT_TRUE(assignment->stop(std::array{kLog}).ok());
  ASSERT_TRUE(assignment->give_up(std::array{kLog}).ok());
  ASSERT_TRUE(read_from(3).ok());
  EXPECT_THAT(take(2), ElementsAre(3, 4));
}

TEST_F(Reading, OfALogWhosePositionIsGoneNeedsANewClient) {
  ASSERT_TRUE(read_from(100).ok());
  const KafkaMessage message(rd_kafka_consume_queue(queue.get(), 10'000));
  ASSERT_TRUE(message && message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET);
  assignment->broken(kLog);
  EXPECT_EQ(read_from(0).verdict(), Verdict::Fenced);
}

}  // namespace
}  // namespace ebc::topology::testing
