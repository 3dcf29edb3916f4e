// Where a thread's time goes: a stopwatch that is always running on exactly one activity.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ebc::topology {

enum class Activity : std::uint8_t {
  Poll,       ///< waiting for input included: a thread with nothing to do is here
  Process,    ///< parsing, routing, deciding
  Punctuate,  ///< what deadlines do
  Commit,     ///< the broker's part of it included
  Restore,    ///< of the restoring thread: homes being taken
  Other,
};
inline constexpr std::size_t kActivities = 6;

/// Written by the thread whose time it is, read by any. One reading of the clock a switch.
class ActivityTimes {
 public:
  /// From now on the time is `activity`'s; returns the one it was before, to go back to.
  Activity enter(Activity activity) {
    const auto now = Clock::now();
    std::atomic<std::int64_t>& sum = sums_[static_cast<std::size_t>(current_)];
    sum.store(sum.load(std::memory_order_relaxed) + (now - since_).count(), std::memory_order_relaxed);
    since_ = now;
    const Activity before = current_;
    current_ = activity;
    return before;
  }

  /// By activity; what is under way is added when it ends.
  std::array<std::chrono::nanoseconds, kActivities> sums() const {
    std::array<std::chrono::nanoseconds, kActivities> sums{};
    for (std::size_t i = 0; i < kActivities; ++i) {
      sums[i] = std::chrono::nanoseconds(sums_[i].load(std::memory_order_relaxed));
    }
    return sums;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static_assert(std::is_same_v<Clock::duration, std::chrono::nanoseconds>);

  std::array<std::atomic<std::int64_t>, kActivities> sums_{};
  Clock::time_point since_ = Clock::now();
  Activity current_ = Activity::Other;
};

}  // namespace ebc::topology
