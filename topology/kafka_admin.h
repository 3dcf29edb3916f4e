// Questions and orders about topics, asked at start.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "processor/api/status.h"
#include "topology/engine_config.h"
#include "topology/kafka_handle.h"

namespace ebc::topology {

struct TopicSpec {
  std::string name;
  int partitions = 1;
  int replication_factor = -1;  ///< -1: the broker's default
  std::map<std::string, std::string> config;
};

struct TopicFacts {
  bool exists = false;
  int partitions = 0;
  int replication_factor = 0;
};

struct GroupMember {
  std::string client, host;
  std::string instance_id;  ///< group.instance.id; empty: a dynamic member
};

/// One thread. Every call is bounded; Retry when Kafka doesn't answer in time.
class KafkaAdmin {
 public:
  static Result<std::unique_ptr<KafkaAdmin>> make(const EngineConfig& config);

  /// Reaches any broker. Retry with the library's latest reason, or Fatal when Kafka refuses us (authentication).
  Status connect(Duration limit);
  Result<std::string> cluster_id(Duration limit);
  Result<TopicFacts> facts(const std::string& topic);
  /// That the topic is there already is success. Fatal: it can't be made, or denies_a_right().
  Status create(const TopicSpec& spec);
  /// Deletes the records of a topic before these offsets, by partition.
  Status delete_records(const std::string& topic, const std::map<Partition, Offset>& before);
  /// That it isn't there is success. Returns when its name is free again.
  Status delete_topic(const std::string& topic);
  /// Of a consumer group; those too that are silent but not yet given up. None: it has no members, or doesn't exist.
  Result<std::vector<GroupMember>> members(const std::string& group);
  /// The group with its offsets; that it isn't there is success. Fatal while it has members.
  Status delete_group(const std::string& group);
  /// Effective settings of a topic. Retry too: the broker knows no such topic, or not yet. Fatal: denies_a_right().
  Result<std::map<std::string, std::string>> config_of(const std::string& topic);

 private:
  KafkaAdmin() = default;
  static void failed(rd_kafka_t*, int code, const char* reason, void* opaque);

  KafkaClient client_;
  std::string last_error_;  ///< set while the client is polled, by our thread
  bool refused_ = false;
};

}  // namespace ebc::topology
