// Which topic a channel is, and lists of partitions made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "topology/engine_config.h"
#include "topology/kafka_handle.h"
#include "topology/log.h"

namespace ebc::topology {

struct TopicNames {
  std::string input, repartition, changelog;

  explicit TopicNames(const EngineConfig& config)
      : input(config.input_topic), repartition(config.repartition_topic()), changelog(config.changelog_topic()) {}

  const std::string& of(Channel channel) const {
    return channel == Channel::Input ? input : channel == Channel::Repartition ? repartition : changelog;
  }
  /// For topics that the engine reads.
  Channel channel_of(std::string_view topic) const {
    return topic == input ? Channel::Input : topic == repartition ? Channel::Repartition : Channel::Changelog;
  }

  KafkaPartitions list(std::span<const LogPartition> logs) const {
    KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(logs.size())));
    for (const LogPartition& log : logs) {
      rd_kafka_topic_partition_list_add(list.get(), of(log.channel).c_str(), log.partition);
    }
    return list;
  }
  KafkaPartitions list(std::span<const LogPosition> positions) const {
    KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
    for (const LogPosition& position : positions) {
      rd_kafka_topic_partition_list_add(list.get(), of(position.log.channel).c_str(), position.log.partition)->offset =
          position.offset_next;
    }
    return list;
  }
};

}  // namespace ebc::topology
