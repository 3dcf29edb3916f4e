// Standbys: homes of other instances whose changelog is followed here, so that taking one over replays only its lag.
//
// A standby's store is the home's own column family, brought up by the same restorer and judged by the same rules as
// when a home is taken; a take just opens it, which fences the standby, and goes on from where it stands. Only
// committed rows are read, so it never knows more than Kafka has committed.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "processor/api/clock.h"
#include "state/restorer.h"
#include "topology/changelog_reader.h"
#include "topology/home_stores.h"
#include "topology/instances.h"
#include "topology/log.h"
#include "topology/stall_watch.h"

namespace ebc::topology {

struct StandbyConfig {
  Duration settle{
      3'000};  ///< a choice must hold so long before it is acted on: members come and go in rolling restarts
  Duration apply_every{200};                     ///< how long rows that were read may wait to be written
  Duration ask_ends_every{1'000};                ///< how often the lag is looked up
  Duration retry_after{5'000};                   ///< after a full disk, or while the home is taken here
  Duration trusted_for{std::chrono::hours(12)};  ///< as TakeRules::trust_local_state_for, here at any time
  Duration stall_timeout{60'000};                ///< as TakeRules::stall_timeout
  state::Restorer::Limits batch{};
};

/// One thread, but for choose() and snapshot(). Bounded: one batch of rows a home, and the reader's queue.
class Standbys {
 public:
  Standbys(StandbyConfig config, StandbyStores& stores, LogOffsets& offsets, ChangelogReader& reader,
           const Clock& clock);
  ~Standbys();

  /// Any thread: the homes to be followed from now on.
  void choose(std::vector<Partition> homes);
  /// Any thread: those that are followed; restore_lag is -1 until it is known.
  std::vector<HomeSnapshot> snapshot() const;

  /// One round; waits up to `wait` for changelog records.
  void turn(Duration wait);

 private:
  struct Follower {
    std::shared_ptr<state::CommittedStore> store;
    std::optional<state::Restorer> restorer;
    std::optional<std::uint64_t> generation;  ///< of the local rows, while they are brought up
    Offset position = 0;                      ///< behind what was read, markers included
    std::optional<Offset> end;                ///< high watermark, as last asked
    Timestamp read_sound_since{};             ///< as local_trust says it, of all that was read
    std::optional<Timestamp> sound_since;     ///< the same of what is written, if known better than by the store itself
    Timestamp applied{}, not_before{};
    bool waiting = false;     ///< something was read that isn't written
    bool from_start = false;  ///< the local rows are of no use
    bool lost = false;        ///< to be opened anew
  };

  /// Null unless it is to be given what is read.
  Follower* reading(Partition home);
  /// Also unless tombstones ahead of it may be gone.
  Follower* in_touch(Partition home, Timestamp now);
  /// All that there was at `now` has been read.
  void is_current(Follower& follower, Timestamp now);
  void obey_choice(Timestamp now);
  Status open(Partition home, Follower& follower, Timestamp now);
  void apply(Partition home, Follower& follower, Timestamp now);
  void failed(Partition home, Follower& follower, const Status& status, Timestamp now);
  void restart(Partition home, Follower& follower, const char* why);
  void drop(Partition home, Follower& follower);
  void ask_ends(Timestamp now);
  void renew_when_stalled(Timestamp now);
  void publish();

  const StandbyConfig config_;
  StandbyStores& stores_;
  LogOffsets& offsets_;
  ChangelogReader& reader_;
  const Clock& clock_;
  ChangelogReader::Visitor visitor_;
  std::map<Partition, Follower> followers_;
  Timestamp ends_asked_{};
  StallWatch stall_;

  mutable std::mutex mutex_;
  std::vector<Partition> chosen_;       // guarded by mutex_
  Timestamp chosen_since_{};            // guarded by mutex_
  std::vector<HomeSnapshot> snapshot_;  // guarded by mutex_
};

}  // namespace ebc::topology
