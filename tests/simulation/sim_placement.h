// What the instances of a history know of each other: the real registry, choice of standbys and fencer, over an
// instances topic that is a mere list. Turned by a fiber of its own.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/consumer_group.h"
#include "topology/fencer.h"
#include "topology/instance_registry.h"

namespace ebc::simulation {

/// Key and value of each record; none: a tombstone.
using InstancesTopic = std::vector<std::pair<std::string, std::optional<std::string>>>;

class SimPlacement {
 public:
  SimPlacement(Scheduler& scheduler, Broker& broker, const ConsumerGroup& group, InstancesTopic& topic,
               std::string uuid, Duration session);

  /// Hears the others, tells them of `own` when that is due, and ends what dead ones hold up.
  void turn(topology::InstanceRecord own, const std::vector<topology::TakingSnapshot>& takes);
  void leave();
  /// The homes that this instance should follow.
  std::vector<Partition> standby_homes(const std::vector<Partition>& held, int homes, int count) const;

 private:
  Status end_transaction(const std::string& name);

  Scheduler& scheduler_;
  Broker& broker_;
  InstancesTopic& topic_;
  const std::string uuid_;
  topology::InstanceRegistry registry_;
  topology::Fencer fencer_;
  std::size_t heard_ = 0;
  Timestamp told_{};
  std::vector<Partition> told_partitions_;
};

}  // namespace ebc::simulation
