// Reading a changelog over librdkafka's mock cluster.
#include "topology/kafka_changelog_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/topology/mock_cluster.h"

namespace ebc::topology::testing {
namespace {

using namespace std::chrono_literals;

// Whenever the queue had been full, old clients stood still for up to a second: eight of those here.
TEST(ChangelogReading, DoesNotStandStillWhenItsQueueHasBeenFull) {
  constexpr int kRecords = 4'500;
  MockCluster cluster;
  EngineConfig config;
  config.brokers = cluster.address();
  config.app_id = "reading";
  config.kafka = {{"consumer", "queued.max.messages.kbytes", "64"}};
  cluster.create_topic(config.changelog_topic().c_str(), 1);
  auto* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", cluster.address().c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "batch.size", "524288", nullptr, 0);
  const KafkaClient producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
  std::string value(1'000, 'v');
  for (int i = 0; i < kRecords; ++i) {
    rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(config.changelog_topic().c_str()), RD_KAFKA_V_PARTITION(0),
                      RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_VALUE(value.data(), value.size()),
                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
  }
  ASSERT_EQ(rd_kafka_flush(producer.get(), 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);

  for (const auto use : {KafkaChangelogReader::Use::Restore, KafkaChangelogReader::Use::Follow}) {
    auto made = KafkaChangelogReader::make(config, use);
    ASSERT_TRUE(made.ok()) << made.status().message();
    KafkaChangelogReader& reader = **made;
    int read = 0;
    const ChangelogReader::Visitor visitor{.record = [&](auto&&...) { ++read; }, .end = [](auto&&...) {}, .broken = {}};
    ASSERT_TRUE(reader.start(0, 0).ok());
    const auto until = std::chrono::steady_clock::now() + 4s;
    while (read < kRecords && std::chrono::steady_clock::now() < until) {
      ASSERT_TRUE(reader.poll(50ms, visitor).ok());
    }
    EXPECT_EQ(read, kRecords);
  }
}

}  // namespace
}  // namespace ebc::topology::testing
