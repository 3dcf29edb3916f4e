// What an instance knows of the others and tells them: its own record in the instances topic, the others' records read
// back, and what follows from them. Turned by a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "topology/engine_config.h"
#include "topology/instance_registry.h"
#include "topology/kafka_instances.h"

namespace ebc::topology {

class Placement {
 public:
  /// Our record as it should stand in the topic now; called on the placement's thread.
  using OwnRecord = std::function<InstanceRecord()>;

  /// `uuid` is that of the state folder.
  Placement(const EngineConfig& config, std::string uuid, const Clock& clock, OwnRecord own_record);
  ~Placement();

  /// Makes the clients. Fatal: a refused setting.
  Status connect();

  /// Before joining the group: reads the topic to its end, and returns the live process that has our member id with
  /// another state folder. Waits while it can't be told whether that one lives (as long as it takes to count as dead,
  /// some seconds), `stop` at most. Retry: Kafka doesn't answer within `limit`, or denies_a_right().
  Result<std::optional<InstanceRecord>> find_namesake(const std::string& id, Duration limit,
                                                      const std::atomic<bool>& stop);

  /// Sends our record, and waits until it is there, some seconds at most: before we join the group, so that whoever
  /// starts under our id finds us.
  void announce(InstanceRecord record);
  /// One round; waits up to `wait` for news.
  void turn(Duration wait);
  /// Takes our record out of the topic. Bounded.
  void leave();

  /// What Kafka denies us (denies_a_right()); empty when the topic is read and written.
  std::string denial() const { return topic_->denial(); }
  /// Any thread.
  const InstanceRegistry& registry() const { return registry_; }

 private:
  void publish(InstanceRecord record);
  void publish_when_due(Timestamp now);
  void expire(Timestamp now);

  const EngineConfig& config_;
  const std::string uuid_;
  const Clock& clock_;
  const OwnRecord own_record_;
  InstanceRegistry registry_;
  std::unique_ptr<KafkaInstances> topic_;
  Timestamp published_{}, expired_{};
  std::string published_holdings_;
};

/// How long an instance counts as live after its last word.
Duration live_for(const EngineConfig& config);

}  // namespace ebc::topology
