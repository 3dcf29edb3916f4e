// Owners of librdkafka objects: one alias for each type.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace ebc::topology {

template <auto destroy>
struct KafkaDeleter {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};

using KafkaConf = std::unique_ptr<rd_kafka_conf_t, KafkaDeleter<rd_kafka_conf_destroy>>;
using KafkaErrorPtr = std::unique_ptr<rd_kafka_error_t, KafkaDeleter<rd_kafka_error_destroy>>;
using KafkaMessage = std::unique_ptr<rd_kafka_message_t, KafkaDeleter<rd_kafka_message_destroy>>;
using KafkaQueue = std::unique_ptr<rd_kafka_queue_t, KafkaDeleter<rd_kafka_queue_destroy>>;
using KafkaTopic = std::unique_ptr<rd_kafka_topic_t, KafkaDeleter<rd_kafka_topic_destroy>>;
using KafkaPartitions =
    std::unique_ptr<rd_kafka_topic_partition_list_t, KafkaDeleter<rd_kafka_topic_partition_list_destroy>>;
using KafkaGroupMetadata =
    std::unique_ptr<rd_kafka_consumer_group_metadata_t, KafkaDeleter<rd_kafka_consumer_group_metadata_destroy>>;
using KafkaMetadata = std::unique_ptr<const struct rd_kafka_metadata, KafkaDeleter<rd_kafka_metadata_destroy>>;

/// Destroys without a goodbye to the group: closing is done, bounded, before.
struct KafkaClientDeleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
};
using KafkaClient = std::unique_ptr<rd_kafka_t, KafkaClientDeleter>;

}  // namespace ebc::topology
