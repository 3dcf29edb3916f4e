// The clock of the homes: decides up to which wall time everything that was in the inputs has been read.
//
// A deadline must not pass before what was sent in time has been looked at, however far behind anybody is: so timeouts
// hang on this clock, not on the host's. One tick serves all homes of the instance:
//
//   1. T = now; then ask the ends of all input partitions.
//   2. Wait until every partition has been dealt with up to its end: those held here by what the board says, the others
//      by the group's committed offsets. What hops out of them then lies in the repartition topic.
//   3. Ask the ends of our homes' repartition partitions, wait until they are read: C = T.
//
// A tick that would move a clock far (we were away) is repeated with fresh ends and the same T while that brings news:
// outcomes of nested groups are read by their parents that way before these are judged.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "topology/home_board.h"
#include "topology/log.h"
#include "topology/worker_message.h"

namespace ebc::topology {

struct HomeClockConfig {
  Duration idle_tick{1'000};      ///< between ticks while no deadline is due
  Duration due_tick{20};          ///< between ticks while one is
  Duration recheck{5};            ///< between looks at what a tick waits for
  Duration foreign_wait{22'000};  ///< how long an open transaction on the input is waited for
  Duration big_step{1'000};       ///< a move of the clock beyond which ticks are repeated ...
  int rounds = 4;                 ///< ... at most so often
};

/// How long one of our own transactions may stay open: its timeout, and up to 10 s until the broker looks for such
/// (transaction.abort.timed.out.transaction.cleanup.interval.ms) and has ended it. Nobody else's can be told from them.
inline Duration longest_transaction(Duration timeout) { return timeout + Duration{12'000}; }

/// One thread; its questions to the broker may block it for a bounded time.
class HomeClock {
 public:
  using Advance = std::function<void(int thread, ClockAdvance)>;

  HomeClock(HomeClockConfig config, HomeBoard& board, LogOffsets& offsets, Advance advance);

  /// Goes as far as it can and returns when it wants to be called again.
  Timestamp step(Timestamp now);

  /// Any thread: the input partition that holds the tick up and since when; empty while ticks pass.
  std::string held_up_by(Timestamp now) const;

  /// Any thread: the same in numbers; none while ticks pass.
  std::optional<std::pair<Partition, Duration>> held_up(Timestamp now) const;

 private:
  enum class Phase { Idle, Inputs, Repartition };
  struct Ticked {
    Partition home;
    std::uint64_t epoch;
    int thread;
    Timestamp clock;
    Offset repartition_end = 0;
  };

  bool start_tick(Timestamp now);
  bool ask_input_ends();
  bool inputs_passed(Timestamp now);
  void pass_over_hanging_transactions(Timestamp now);
  bool ask_repartition_ends();
  bool repartition_passed() const;
  bool another_round();
  void finish();
  bool still_held(const Ticked& ticked) const;
  Timestamp next_tick(Timestamp now) const;
  void note_held_up(std::optional<Partition> input, Timestamp now);
  bool failed(const Status& status);

  const HomeClockConfig config_;
  HomeBoard& board_;
  LogOffsets& offsets_;
  const Advance advance_;

  Phase phase_ = Phase::Idle;
  Timestamp tick_{};  ///< T
  std::vector<Ticked> homes_;
  std::vector<Offset> input_ends_, asked_ends_;
  std::vector<bool> input_passed_;
  int round_ = 0;
  struct HeldBack {
    Offset at;        ///< the last stable offset
    Timestamp since;  ///< it was seen to be there
  };
  std::map<Partition, HeldBack> held_back_;  ///< inputs that the tick waits for, and that can't be read on
  Timestamp stable_asked_{};

  mutable std::mutex mutex_;
  std::optional<Partition> held_up_by_;  // guarded by mutex_; written by the one thread
  Timestamp held_up_since_{};            // guarded by mutex_
  std::string trouble_;                  // guarded by mutex_
};

}  // namespace ebc::topology
