#include "processor/group/stats.h"

#include <algorithm>

namespace ebc::group {
namespace {

template <typename Sums, typename Values>
void add_each(Sums& sums, const Values& values) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += values[i].load(std::memory_order_relaxed);
}

template <typename Bounds>
std::size_t bucket_of(std::int64_t ms, const Bounds& bounds) {
  return static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), ms) - bounds.begin());
}

}  // namespace

void CollectorStats::timed_out(Duration lateness) {
  const std::int64_t ms = std::max<std::int64_t>(0, lateness.count());
  bump<std::uint64_t>(lateness_[bucket_of(ms, kLatenessBounds)], 1);
  bump(lateness_sum_ms_, static_cast<std::uint64_t>(ms));
}

void CollectorStats::resolved(Duration age) {
  const std::int64_t ms = std::max<std::int64_t>(0, age.count());
  bump<std::uint64_t>(age_[bucket_of(ms, kAgeBounds)], 1);
  bump(age_sum_ms_, static_cast<std::uint64_t>(ms));
}

void CollectorStats::add_to(StatsSnapshot& sum) const {
  add_each(sum.counters, counters_);
  add_each(sum.failed, failed_);
  add_each(sum.dead_letters, dead_letters_);
  add_each(sum.lateness, lateness_);
  add_each(sum.age, age_);
  sum.age_sum_ms += age_sum_ms_.load(std::memory_order_relaxed);
  sum.lateness_sum_ms += lateness_sum_ms_.load(std::memory_order_relaxed);
  sum.open_groups += open_groups_.load(std::memory_order_relaxed);
  sum.waiting_events += waiting_events_.load(std::memory_order_relaxed);
}

std::shared_ptr<CollectorStats> StatsRegistry::add() {
  auto stats = std::make_shared<CollectorStats>();
  const std::lock_guard lock(mutex_);
  threads_.push_back(stats);
  return stats;
}

StatsSnapshot StatsRegistry::sum() const {
  StatsSnapshot sum;
  const std::lock_guard lock(mutex_);
  for (const auto& stats : threads_) stats->add_to(sum);
  return sum;
}

}  // namespace ebc::group
