// The topics an application needs: made where allowed, checked always.
#pragma once

#include <string>
#include <vector>

#include "topology/engine_config.h"
#include "topology/kafka_admin.h"

namespace ebc::topology {

struct TopicReport {
  std::string name;
  std::string kind;  ///< "input", "output", "changelog", ...
  int partitions = 0;
  int replication_factor = 0;
  bool created = false;
};

struct TopicsReport {
  std::vector<TopicReport> topics;
  int homes = 0;  ///< M: the changelog's partition count
  int input_partitions = 0;
};

/// Order matters: the changelog is made first and its partition count read back, whoever made it; the other topics
/// follow that. So two instances that start at once, or an input that grows meanwhile, can't split the application.
/// Retry: Kafka doesn't answer. Fatal: a topic is missing or wrongly set; the message says how to mend it.
Result<TopicsReport> set_up_topics(KafkaAdmin& admin, const EngineConfig& config);

}  // namespace ebc::topology
