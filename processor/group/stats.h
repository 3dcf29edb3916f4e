// What a scrape wants to know: counters that one stream thread writes and any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "processor/api/types.h"
#include "processor/group/group.h"
#include "processor/group/reason.h"

namespace ebc::group {

/// Counters only grow. A transaction that is lost after it was counted is counted again: they say what was done, not
/// what was committed.
enum class Counter : std::uint8_t {
  Opened,
  Succeeded,
  Done,     ///< entities settled
  Repeats,  ///< events that said what was known
  Late,     ///< events after the outcome
  Orphans,  ///< events kept for a Create to come
  Skipped,  ///< foreign types, our own outcomes, tombstones
  Foreign,  ///< what is no JSON object with a type, with skip_foreign
  Ignored,  ///< Creates of resolved groups, with ignore_reuse
  HandlerSent,
  ParentSent,
};
inline constexpr std::array<std::string_view, 11> kCounterNames = {"opened",  "succeeded",    "done",       "repeats",
                                                                   "late",    "orphans",      "skipped",    "foreign",
                                                                   "ignored", "handler_sent", "parent_sent"};

/// Upper bounds of how long after its deadline a timeout was made, in ms; one more bucket holds what is beyond.
inline constexpr std::array<std::int64_t, 12> kLatenessBounds = {5,   10,    25,    50,    100,    250,
                                                                 500, 1'000, 2'500, 5'000, 10'000, 60'000};

/// Upper bounds of how old a group was when its outcome was decided, in ms; one more bucket as above.
inline constexpr std::array<std::int64_t, 14> kAgeBounds = {
    10, 50, 100, 500, 1'000, 5'000, 10'000, 30'000, 60'000, 300'000, 1'800'000, 7'200'000, 86'400'000, 604'800'000};

/// A sum over threads, or of one.
struct StatsSnapshot {
  std::array<std::uint64_t, kCounterNames.size()> counters{};
  std::array<std::uint64_t, kCauses> failed{};
  std::array<std::uint64_t, kReasonNames.size()> dead_letters{};
  std::array<std::uint64_t, kLatenessBounds.size() + 1> lateness{};  ///< each bucket for itself, not cumulated
  std::uint64_t lateness_sum_ms = 0;
  std::array<std::uint64_t, kAgeBounds.size() + 1> age{};  ///< as lateness
  std::uint64_t age_sum_ms = 0;
  std::int64_t open_groups = 0;     ///< now, in the homes held
  std::int64_t waiting_events = 0;  ///< now, of groups not yet opened

  std::uint64_t of(Counter counter) const { return counters[static_cast<std::size_t>(counter)]; }
  std::uint64_t of(Cause cause) const { return failed[static_cast<std::size_t>(cause)]; }
  std::uint64_t of(Reason reason) const { return dead_letters[static_cast<std::size_t>(reason)]; }
};

/// Written by one thread, read by any.
class CollectorStats {
 public:
  void count(Counter counter, std::uint64_t by = 1) { bump(counters_[static_cast<std::size_t>(counter)], by); }
  void count(Cause cause) { bump<std::uint64_t>(failed_[static_cast<std::size_t>(cause)], 1); }
  void count(Reason reason) { bump<std::uint64_t>(dead_letters_[static_cast<std::size_t>(reason)], 1); }
  void timed_out(Duration lateness);
  /// `age`: from the group's creation to its resolution, both in the times of their events.
  void resolved(Duration age);
  void add_open(std::int64_t by) { bump(open_groups_, by); }
  void add_waiting(std::int64_t by) { bump(waiting_events_, by); }

  void add_to(StatsSnapshot& sum) const;

 private:
  /// Cheaper than an atomic addition; right because there is one writer.
  template <typename T>
  static void bump(std::atomic<T>& value, T by) {
    value.store(value.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<std::uint64_t>, kCounterNames.size()> counters_{};
  std::array<std::atomic<std::uint64_t>, kCauses> failed_{};
  std::array<std::atomic<std::uint64_t>, kReasonNames.size()> dead_letters_{};
  std::array<std::atomic<std::uint64_t>, kLatenessBounds.size() + 1> lateness_{};
  std::atomic<std::uint64_t> lateness_sum_ms_{0};
  std::array<std::atomic<std::uint64_t>, kAgeBounds.size() + 1> age_{};
  std::atomic<std::uint64_t> age_sum_ms_{0};
  std::atomic<std::int64_t> open_groups_{0};
  std::atomic<std::int64_t> waiting_events_{0};
};

/// The stats of all stream threads. Any thread.
class StatsRegistry {
 public:
  /// Stats for one more thread; they stay in the sum after it has gone.
  std::shared_ptr<CollectorStats> add();
  StatsSnapshot sum() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<CollectorStats>> threads_;  ///< guarded by mutex_
};

}  // namespace ebc::group
