// Ends what a dead instance left open, when a home waits for it.
//
// A killed instance's open transaction holds the offsets of its homes until the broker ends it, up to
// --transaction-timeout and some seconds later. Who has its transactional id can end it at once. That is done only for
// an instance that is silent and whose session in the consumer group is over: a live one would be thrown out of its
// work, and would come back by doing the same to us.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "topology/instance_registry.h"
#include "topology/take_queue.h"

namespace ebc::topology {

/// One thread.
class Fencer {
 public:
  struct Actions {
    /// Ids of the consumer group's static members whose sessions live. May block for some seconds.
    std::function<Result<std::set<std::string>>()> members;
    /// Ends the open transaction of this transactional id. May block for some seconds.
    std::function<Status(const std::string& id)> end_transaction;
  };

  /// `session_timeout`: how long a dynamic member is waited for, whose session can't be asked about.
  Fencer(const InstanceRegistry& registry, Duration session_timeout, Actions actions)
      : registry_(registry), session_timeout_(session_timeout), actions_(std::move(actions)) {}

  /// Looks at homes whose offsets were found held by an open transaction (that answer takes 0.1 s, in which one that is
  /// just ending ends), and asks at most twice a second.
  void step(const std::vector<TakingSnapshot>& takes, Timestamp now);

 private:
  bool session_over(const InstanceRegistry::Dead& dead, Timestamp now);
  void fence(const InstanceRecord& record, Partition home);

  const InstanceRegistry& registry_;
  const Duration session_timeout_;
  const Actions actions_;
  std::map<std::string, Timestamp> fenced_;  ///< by UUID: last word of the life that was fenced
  Timestamp asked_{};
};

}  // namespace ebc::topology
