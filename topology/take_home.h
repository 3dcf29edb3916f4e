// Taking a home: the one procedure from "assigned" to "may run".
//
// Assignment, a commit whose result isn't known, a fence, a damaged store: all go this way. The order of the questions
// is what makes it right:
//
//   AskOffsets   stable group offsets of this home alone: no transaction that holds them is pending any more
//   AskEnd       then the changelog's high watermark. Everything that such a transaction wrote lies below it. (Not the
//                last stable offset: offsets become stable before the changelog has its markers.)
//   Replay       the changelog from the store's own position up to there; all of it if the store can't be trusted
//   Compare      the progress row just restored against the group's offsets
//   Done
//
// A step never blocks for long: what must be waited for is asked again at the next step.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "state/committed_store.h"
#include "state/restorer.h"
#include "topology/changelog_reader.h"
#include "topology/engine_config.h"
#include "topology/home_stores.h"
#include "topology/home_taker.h"
#include "topology/log.h"
#include "topology/worker_message.h"

namespace ebc::topology {

struct TakeRules {
  InitialOffset from;
  OnLostOffsets on_lost_offsets = OnLostOffsets::Stop;
  /// A store that was last known to be up to date longer ago than this is restored from nothing: the tombstones of what
  /// was deleted since may be gone from the changelog (half of its delete.retention.ms).
  Duration trust_local_state_for{std::chrono::hours(12)};
  /// A changelog reader that brings nothing for so long, though something is missing, is replaced.
  Duration stall_timeout{60'000};
  state::Restorer::Limits batch{};
};

class TakeHome {
 public:
  enum class Phase { Open, AskOffsets, AskEnd, Replay, Compare, Done, Failed };

  TakeHome(TakeRequest request, const TakeRules& rules, HomeStores& stores, LogOffsets& offsets,
           ChangelogReader& reader);

  /// Goes as far as it can without waiting. Returns true when Done or Failed.
  bool step(Timestamp now);

  // From the changelog reader, while in Replay.
  void on_record(Offset offset, std::optional<std::string_view> key, std::optional<std::string_view> value,
                 Timestamp now);
  void on_end(Offset offset_next, Timestamp now);
  void on_broken();

  Phase phase() const { return phase_; }
  const TakeRequest& request() const { return request_; }
  /// In words, for progress lines and readiness.
  std::string waiting_for() const;
  std::int64_t restored() const { return restored_; }
  std::int64_t restore_lag() const { return end_ > position_ ? end_ - position_ : 0; }
  /// How long the rest of the replay takes at the pace so far; none before there is a pace.
  std::optional<Duration> restore_eta(Timestamp now) const;
  /// Since when the home's committed offsets have not become stable; none while they aren't waited for.
  std::optional<Timestamp> unstable_since() const { return unstable_since_; }
  /// When Done.
  Taken result() const { return result_; }
  /// When Failed.
  const Status& failure() const { return failure_; }
  /// When Failed: changelog or store hold what this program can't read.
  bool unreadable() const { return unreadable_; }

 private:
  Status open(Timestamp now);
  Status ask_offsets();
  Status ask_end(Timestamp now);
  Status replay_done(Timestamp now);
  Status start_replay(bool from_nothing, Timestamp now);
  Status compare(Timestamp now);
  Status check_against_logs(Progress& progress);
  Result<Offset> first_position(LogPartition log);
  Result<int> inputs_with_offsets();
  template <typename Stored>
  Stored readable(Stored stored);
  bool stood_still_too_long(Timestamp now);
  void fail(Status status);

  void set_aside(const Status& damage);

  const TakeRequest request_;
  const TakeRules rules_;
  HomeStores& stores_;
  LogOffsets& offsets_;
  ChangelogReader& reader_;

  Phase phase_ = Phase::Open;
  std::string retry_reason_;
  std::optional<Timestamp> unstable_since_;
  bool quarantine_;
  std::shared_ptr<state::CommittedStore> store_;
  std::optional<state::Restorer> restorer_;
  std::optional<std::uint64_t> local_generation_;
  bool replaying_all_ = false;
  bool foreign_generation_ = false;
  Timestamp sound_since_{};  ///< what the store holds with what was read, as local_trust says it
  std::optional<Offset> committed_input_, committed_repartition_;
  Offset start_ = 0, end_ = 0, position_ = 0;
  std::array<std::optional<Offset>, 2> found_outside_;  ///< next offsets of input and repartition that no log holds
  Offset replay_from_ = 0;
  Timestamp replay_began_{};
  std::int64_t restored_ = 0;
  Taken result_;
  Status failure_;
  bool unreadable_ = false;
};

}  // namespace ebc::topology
