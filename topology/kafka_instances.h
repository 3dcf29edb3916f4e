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
  /// Everything that the topic held when we came has been read.
  bool caught_up() const { return caught_up_; }

  /// Sends without waiting; what isn't acknowledged within a few beats is dropped, the next one says more.
  void publish(const InstanceRecord& record);
  /// Takes an instance's record out of the topic.
  void erase(const std::string& uuid);
  /// Waits until what was sent is acknowledged, `limit` at most.
  void flush(Duration limit);

 private:
  KafkaInstances(std::string topic, InstanceRegistry& registry, const Clock& clock, KafkaClient consumer,
                 KafkaClient producer);
  void take_in(const rd_kafka_message_t& message);
  void send(std::string_view key, const std::string* value);

  const std::string topic_;
  InstanceRegistry& registry_;
  const Clock& clock_;
  const KafkaClient consumer_;
  const KafkaQueue queue_;
  const KafkaClient producer_;
  const KafkaTopic produced_;  ///< made early, so that the producer looks for the topic before it is needed
  bool caught_up_ = false;
};

}  // namespace ebc::topology
