// Requests that the library sends twice by itself, over librdkafka's mock cluster: a first copy that is still on its
// way would be taken for a part of the next transaction.
#include <gtest/gtest.h>

#include <array>

#include "tests/topology/mock_cluster.h"
#include "topology/kafka_sink.h"
#include "topology/kafka_source.h"

namespace ebc::topology::testing {
namespace {

class AProducerIsReplaced : public ::testing::Test {
 protected:
  AProducerIsReplaced() {
    cluster.create_topic("events", 1);
    cluster.create_topic("out", 1);
    config.brokers = cluster.address();
    config.app_id = "app";
    config.input_topic = "events";
    sink = std::make_unique<ExactlyOnceSink>(config, "app-1", "producer", statistics);
    for (int i = 0; i < 50 && !opened; ++i) opened = sink->open().ok();
  }

  Status commit(int records = 1) {
    EXPECT_TRUE(opened);
    EXPECT_TRUE(sink->begin().ok());
    for (int i = 0; i < records; ++i) {
      sink->produce({.topic = "out", .partition = 0, .key = "k", .value = "v", .headers = {}});
    }
    const std::array positions{LogPosition{{Channel::Input, 0}, 7}};
    return sink->commit(positions, KafkaMembership(KafkaGroupMetadata(
                                       rd_kafka_consumer_group_metadata_new_with_genid("app", 3, "member", nullptr))));
  }

  MockCluster cluster;
  EngineConfig config;
  KafkaStatistics statistics;
  std::unique_ptr<ExactlyOnceSink> sink;
  bool opened = false;
};

TEST_F(AProducerIsReplaced, NotAfterACommitWithoutTrouble) {
  ASSERT_TRUE(commit().ok());
  EXPECT_FALSE(sink->wants_replacing());
}

TEST_F(AProducerIsReplaced, WhenTheConnectionEndedOverTheCommit) {
  cluster.answer_next(KafkaApi::EndTxn, RD_KAFKA_RESP_ERR__TRANSPORT);
  const Status committed = commit();
  ASSERT_TRUE(committed.ok()) << committed.message();
  EXPECT_TRUE(sink->wants_replacing());
}

TEST_F(AProducerIsReplaced, WhenTheConnectionEndedOverTheOffsets) {
  cluster.answer_next(KafkaApi::TxnOffsetCommit, RD_KAFKA_RESP_ERR__TRANSPORT);
  const Status committed = commit();
  ASSERT_TRUE(committed.ok()) << committed.message();
  EXPECT_TRUE(sink->wants_replacing());
}

// What was seen: offsets of the transaction that was given up came to count with the next one, so that the group stood
// ahead of the changelog.
TEST_F(AProducerIsReplaced, WhenOffsetsWereSentTwiceInATransactionThatItAborts) {
  cluster.answer_next(KafkaApi::TxnOffsetCommit, RD_KAFKA_RESP_ERR__TRANSPORT);
  cluster.answer_next(KafkaApi::TxnOffsetCommit, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
  EXPECT_EQ(commit().verdict(), Verdict::Fenced);
  const Status aborted = sink->abort();
  ASSERT_TRUE(aborted.ok()) << aborted.message();
  EXPECT_TRUE(sink->wants_replacing());
}

// What was seen in rebalances: the next transaction failed, too (OUT_OF_ORDER_SEQUENCE_NUMBER), and all homes were
// taken anew.
TEST_F(AProducerIsReplaced, WhenAnAbortThrewAwayRecordsThatWereNeverSent) {
  for (int i = 0; i < 10; ++i) {
    cluster.answer_next(KafkaApi::AddPartitionsToTxn, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
  }
  cluster.answer_next(KafkaApi::TxnOffsetCommit, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
  EXPECT_EQ(commit().verdict(), Verdict::Fenced);
  ASSERT_TRUE(sink->abort().ok());
  EXPECT_TRUE(sink->wants_replacing());
}

TEST_F(AProducerIsReplaced, NotWhenOnlyOffsetsWereRefused) {
  cluster.answer_next(KafkaApi::TxnOffsetCommit, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
  EXPECT_EQ(commit(/*records=*/0).verdict(), Verdict::Fenced);
  ASSERT_TRUE(sink->abort().ok());
  EXPECT_FALSE(sink->wants_replacing());
}

}  // namespace
}  // namespace ebc::topology::testing
