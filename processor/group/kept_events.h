// Events that came too early, kept whole in the store: those that wait for the Create of their group, and those of
// entities that an unsealed group doesn't expect yet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "processor/group/group_store.h"
#include "processor/group/options.h"
#include "processor/group/timer_index.h"

namespace ebc::group {

/// One home's. They are never held in memory but in batches, so a million of them cost disk only. One thread.
class KeptEvents {
 public:
  /// All outlive this.
  KeptEvents(KeyValueStore& store, TimerIndex& timers, GroupStore& groups, const CollectorOptions& options)
      : store_(store), timers_(timers), groups_(groups), options_(options) {}

  /// Until the Create comes or the orphan's time is over. False: the group has as many as are allowed.
  bool wait(Entry& entry, const Record& record, Timestamp time);
  /// Takes some that wait, in the order in which they came; empty: there are no more. `place` is empty at the first
  /// call and remembers, from one call to the next, what was taken: the store would step over it again and again.
  Status take_waiting(Entry& entry, std::string& place, std::vector<StoredEvent>& out);
  /// The one whose time is over by `timer`; none: it isn't there any more.
  Result<std::optional<StoredEvent>> expire(const Timer& timer);

  /// Until the seal.
  void park(Entry& entry, std::string_view entity, const Record& record, Timestamp time);
  /// The one parked for `entity`, left where it is.
  Result<std::optional<StoredEvent>> parked(const Entry& entry, std::string_view entity);
  void unpark(Entry& entry, std::string_view entity);
  /// Takes some that are parked, in the order of their entities; empty: there are no more. `place`: as above.
  Status take_parked(Entry& entry, std::string& place, std::vector<StoredEvent>& out);

 private:
  /// The rows from `place` on, which moves behind them.
  Status take(std::string& place, const std::string& until, std::vector<std::string>& keys,
              std::vector<StoredEvent>& out);
  Result<std::optional<StoredEvent>> get(const std::string& key);

  KeyValueStore& store_;
  TimerIndex& timers_;
  GroupStore& groups_;
  const CollectorOptions& options_;
  std::string key_, until_, value_;
};

}  // namespace ebc::group
