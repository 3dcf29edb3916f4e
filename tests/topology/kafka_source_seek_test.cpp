// Going back to committed positions in the logs that are being read, over librdkafka's mock cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <utility>

#include "tests/topology/mock_cluster.h"
#include "topology/kafka_source.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;

constexpr const char* kTopic = "events";

class GoingBack : public ::testing::Test, private RebalanceListener {
 protected:
  GoingBack() {
    cluster.create_topic(kTopic, 1);
    EngineConfig config;
    config.brokers = cluster.address();
    config.app_id = "going-back";
    config.input_topic = kTopic;
    auto made = KafkaSource::make(config, "", "test", statistics, *this);
    source = std::move(*made);
    produce(5);
  }
  ~GoingBack() override { source->close(true, Duration{2'000}); }

  void produce(int records) {
    auto* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", cluster.address().c_str(), nullptr, 0);
    const KafkaClient producer(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
    for (int i = 0; i < records; ++i) {
      rd_kafka_producev(producer.get(), RD_KAFKA_V_TOPIC(kTopic), RD_KAFKA_V_PARTITION(0),
                        RD_KAFKA_V_VALUE(const_cast<char*>("x"), 1), RD_KAFKA_V_END);
    }
    rd_kafka_flush(producer.get(), 10'000);
  }
  /// Offsets as they are read, until there are so many.
  std::vector<Offset> read(std::size_t records) {
    std::vector<Offset> offsets;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (offsets.size() < records && std::chrono::steady_clock::now() < until) {
      const auto batch = source->poll(Duration{10});
      if (!batch.ok()) break;
      for (const Fetched& fetched : batch.value().records) offsets.push_back(fetched.offset);
      if (assigned && !std::exchange(reading, true)) {
        EXPECT_TRUE(read_from(0).ok());
      }
    }
    return offsets;
  }
  Status read_from(Offset offset) {
    const std::array position{LogPosition{{Channel::Input, 0}, offset}};
    return source->assign(position);
  }

  void on_assigned(std::span<const Partition> inputs) override { assigned = !inputs.empty(); }
  void on_revoked(std::span<const Partition>) override {}
  void on_lost(std::span<const Partition>) override {}

  MockCluster cluster;
  KafkaStatistics statistics;
  std::unique_ptr<KafkaSource> source;
  bool assigned = false, reading = false;
};

TEST_F(GoingBack, ReadsOnFromThereAndNothingThatWasQueued) {
  ASSERT_THAT(read(5), ElementsAre(0, 1, 2, 3, 4));
  ASSERT_TRUE(read_from(2).ok());
  EXPECT_THAT(read(3), ElementsAre(2, 3, 4));
}

// Records that the client has fetched and not yet handed out come from behind the place to go on from.
TEST_F(GoingBack, DropsWhatTheClientHasFetchedMeanwhile) {
  ASSERT_THAT(read(5), ElementsAre(0, 1, 2, 3, 4));
  produce(3);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  ASSERT_TRUE(read_from(1).ok());
  EXPECT_THAT(read(7), ElementsAre(1, 2, 3, 4, 5, 6, 7));
}

}  // namespace
}  // namespace ebc::topology::testing
