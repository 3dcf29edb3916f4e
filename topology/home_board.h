// What stream threads tell the clock about the inputs and homes they hold: one cache line of atomics each, no lock.
//
// A stream thread is the only writer of an entry while it holds it; the clock's thread only reads. An entry is taken
// with a fresh epoch each time, so that a clock's advance meant for an earlier holding is recognised and dropped.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "processor/api/types.h"

namespace ebc::topology {

struct alignas(64) BoardEntry {
  std::atomic<std::uint64_t> epoch{0};  ///< 0: not held by this instance
  std::atomic<int> thread{0};
  std::atomic<Offset> input_read_next{0};
  /// All records before it have been processed, and what was re-keyed out of them is committed.
  std::atomic<Offset> input_settled_next{0};
  std::atomic<Offset> repartition_read_next{0};
  /// Records of the repartition log before it will never be asked for again: their commit returned well.
  std::atomic<Offset> repartition_committed_next{0};
  std::atomic<Offset> input_end{0};  ///< as of the clock's last tick; written by the clock's thread
  std::atomic<std::int64_t> next_punctuation_ms{0};
  std::atomic<std::int64_t> clock_ms{0};

  /// At the end of a holding, unless a later one has begun: a thread may learn late that it lost the home, to another
  /// thread of the same instance.
  void let_go(std::uint64_t holding) { epoch.compare_exchange_strong(holding, 0, std::memory_order_acq_rel); }
};

class HomeBoard {
 public:
  /// Input partitions that may be added to the topic while running and still be tracked here; beyond them the clock
  /// asks the consumer group instead.
  static constexpr int kGrowth = 256;

  explicit HomeBoard(int homes) : homes_(homes), entries_(static_cast<std::size_t>(homes + kGrowth)) {}

  /// Homes of the application. Input partitions from here on only route.
  int homes() const { return homes_; }
  int capacity() const { return static_cast<int>(entries_.size()); }
  BoardEntry& entry(Partition p) { return entries_[static_cast<std::size_t>(p)]; }
  const BoardEntry& entry(Partition p) const { return entries_[static_cast<std::size_t>(p)]; }
  std::uint64_t new_epoch() { return ++last_epoch_; }

 private:
  const int homes_;
  std::vector<BoardEntry> entries_;
  std::atomic<std::uint64_t> last_epoch_{0};
};

}  // namespace ebc::topology
