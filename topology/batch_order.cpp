#include "topology/batch_order.h"

#include <algorithm>

namespace ebc::topology {

std::span<const std::uint32_t> BatchOrder::of(std::span<const Fetched> records) {
  order_.clear();
  std::size_t used = 0;
  Run* run = nullptr;
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    const LogPartition log = records[i].log;
    if (run == nullptr || run->log != log) {
      const auto end = runs_.begin() + static_cast<std::ptrdiff_t>(used);
      auto found = std::find_if(runs_.begin(), end, [&](const Run& r) { return r.log == log; });
      if (found == end) {
        if (used == runs_.size()) found = runs_.insert(runs_.end(), Run{});
        found->log = log;
        found->indexes.clear();
        found->head = 0;
        ++used;
      }
      run = &*found;
    }
    run->indexes.push_back(i);
  }
  // Few logs, long runs: emit from the run with the oldest head until another one's head is older.
  const std::span<Run> active(runs_.data(), used);
  const auto head_time = [&](const Run& r) { return records[r.indexes[r.head]].record.timestamp; };
  while (order_.size() < records.size()) {
    Run* oldest = nullptr;
    Timestamp runner_up = Timestamp::max();
    for (Run& r : active) {
      if (r.head == r.indexes.size()) continue;
      if (oldest == nullptr) {
        oldest = &r;
      } else if (head_time(r) < head_time(*oldest)) {
        runner_up = std::min(runner_up, head_time(*oldest));
        oldest = &r;
      } else {
        runner_up = std::min(runner_up, head_time(r));
      }
    }
    do {
      order_.push_back(oldest->indexes[oldest->head++]);
    } while (oldest->head < oldest->indexes.size() && head_time(*oldest) <= runner_up);
  }
  return order_;
}

}  // namespace ebc::topology
