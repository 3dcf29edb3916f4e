// The instances topic over two clients of its own: reads it from its beginning, writes our record.
#pragma once

#include <memory>
#include <string>

#include "processor/api/clock.h"
#include "topology/engine_config.h"
#include "topology/instance_registry.h"
#include "topology/kafka_handle.h"

namespace ebc::topology {

/// One thread.
class KafkaInstances {
 public:
  /// Fatal: a refused setting. `registry` is told every record, and outlives this.
  static Result<std::unique_ptr<KafkaInstances>> make(const EngineConfig& config, InstanceRegistry& registry,
                                                      const Clock& clock);
  ~KafkaInstances();

  /// Waits up to `wait` for the first record and takes what is at hand.
  void poll(Duration wait);
  /// What Kafka denies us (denies_a_right()); empty when it reads and writes.
  const std::string& denial() const { return reading_denied_.empty() ? writing_denied_ : reading_denied_; }
  /// Everything that the topic held when we came has been read.
  bool caught_up() const { return caught_up_; }

  /// Sends without waiting; what isn't acknowledged within a few beats is dropped, the next one says more.
  void publish(const InstanceRecord& record);
  /// Takes an instance's record out of the topic.
  void erase(const std::string& uuid);
  /// Waits until what was sent is acknowledged, `limit` at most.
  void flush(Duration limit);

 private:
  KafkaInstances(std::string topic, InstanceRegistry& registry, const Clock& clock);
  static void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);
  void take_in(const rd_kafka_message_t& message);
  void send(std::string_view key, const std::string* value);

  const std::string topic_;
  InstanceRegistry& registry_;
  const Clock& clock_;
  KafkaClient consumer_;
  KafkaQueue queue_;
  KafkaClient producer_;
  KafkaTopic produced_;  ///< made early, so that the producer looks for the topic before it is needed
  bool caught_up_ = false;
  std::string reading_denied_, writing_denied_;
};

}  // namespace ebc::topology
