// Who is there: the instances topic folded, with what its reader has heard and when.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "topology/instances.h"

namespace ebc::topology {

/// Any thread. An instance is live while it was heard of within `live_for`: by our clock, from when its record came. Of
/// records that were there before we came, their own time is all there is, so a wrong clock elsewhere can only make a
/// dead one look live until `live_for` is over.
class InstanceRegistry {
 public:
  InstanceRegistry(std::string own_uuid, Duration live_for) : own_uuid_(std::move(own_uuid)), live_for_(live_for) {}

  /// A record of the topic. `following`: it was read at its end, not while catching up.
  void on_record(std::string_view key, std::optional<std::string_view> value, Timestamp now, bool following);

  /// All but ourselves, in the order of their UUIDs.
  std::vector<InstanceInfo> others(Timestamp now) const;
  /// The one live instance that says it runs the home; none also when two say so, which only means that it moves.
  std::optional<InstanceInfo> owner_of(Partition home, Timestamp now) const;
  /// Live members, ourselves included, in the order of their UUIDs: who shares the standbys.
  std::vector<std::string> live_uuids(Timestamp now) const;

  /// Somebody else with our member id.
  struct Namesake {
    InstanceRecord record;
    bool live = false;
    bool heard = false;  ///< it has spoken since we listen
  };
  std::optional<Namesake> namesake(const std::string& id, Timestamp now) const;

  /// The others that had this partition when last heard of (or when they left) and aren't live.
  struct Dead {
    InstanceRecord record;
    Timestamp heard{};
  };
  std::vector<Dead> dead_holders_of(Partition partition, Timestamp now) const;
  /// By home: the live other that holds it, running or not.
  std::map<Partition, std::string> holders(Timestamp now) const;
  /// Forgets who left longer than `age` ago, and returns who was silent for so long without leaving: nobody needs their
  /// records any more.
  std::vector<std::string> expire(Duration age, Timestamp now);

 private:
  struct Known {
    InstanceRecord record;
    Timestamp heard{};
    bool heard_live = false;
    bool left = false;  ///< by a tombstone; kept for a while for what it left behind
  };
  bool live(const Known& known, Timestamp now) const { return !known.left && now - known.heard <= live_for_; }

  const std::string own_uuid_;
  const Duration live_for_;
  mutable std::mutex mutex_;
  std::map<std::string, Known, std::less<>> known_;  // guarded by mutex_; by UUID
};

}  // namespace ebc::topology
