// librdkafka's mock cluster: one broker in this process, whose next answers a test can make wrong or late.
#pragma once

#include <librdkafka/rdkafka.h>
// The library's header first.
#include <librdkafka/rdkafka_mock.h>

#include <string>

#include "processor/api/types.h"
#include "topology/kafka_handle.h"

namespace ebc::topology::testing {

enum class KafkaApi : std::int16_t {
  Produce = 0,
  SyncGroup = 14,
  AddPartitionsToTxn = 24,
  EndTxn = 26,
  TxnOffsetCommit = 28
};

class MockCluster {
 public:
  MockCluster() : owner_(rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)) {
    cluster_ = rd_kafka_mock_cluster_new(owner_.get(), 1);
  }
  ~MockCluster() { rd_kafka_mock_cluster_destroy(cluster_); }
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void create_topic(const char* name, int partitions) { rd_kafka_mock_topic_create(cluster_, name, partitions, 1); }
  /// Of the next request of this kind, after those that were given answers before. RD_KAFKA_RESP_ERR__TRANSPORT: the
  /// connection ends instead.
  void answer_next(KafkaApi api, rd_kafka_resp_err_t error, Duration late = Duration{0}) {
    rd_kafka_mock_broker_push_request_error_rtts(cluster_, 1, static_cast<std::int16_t>(api), 1, error,
                                                 static_cast<int>(late.count()));
  }

 private:
  KafkaClient owner_;
  rd_kafka_mock_cluster_t* cluster_;
};

}  // namespace ebc::topology::testing
