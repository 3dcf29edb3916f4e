// The order in which a batch is processed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "topology/source.h"

namespace ebc::topology {

/// Merges the logs of a batch by timestamp, each log staying in offset order. A group's events that lie in several
/// partitions (producers without keys) are so taken in the order they were made, as far as they are at hand.
/// Keeps its buffers: one instance a thread.
class BatchOrder {
 public:
  /// Indexes into `records`, valid until the next call.
  std::span<const std::uint32_t> of(std::span<const Fetched> records);

 private:
  struct Run {
    LogPartition log;
    std::vector<std::uint32_t> indexes;
    std::size_t head = 0;
  };
  std::vector<Run> runs_;
  std::vector<std::uint32_t> order_;
};

}  // namespace ebc::topology
