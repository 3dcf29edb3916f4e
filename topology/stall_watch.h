// Notices that something which should move hasn't.
#pragma once

#include <cstdint>
#include <optional>

#include "processor/api/types.h"

namespace ebc::topology {

/// One thread.
class StallWatch {
 public:
  explicit StallWatch(Duration limit) : limit_(limit) {}

  /// True when `waits` has been so for longer than the limit, at every look, while `progress` stayed what it was.
  /// Begins anew then. `now`: of any clock that doesn't go back.
  bool stalled(bool waits, std::uint64_t progress, Duration now) {
    if (!waits || !since_ || progress != progress_) {
      since_ = waits ? std::optional(now) : std::nullopt;
      progress_ = progress;
      return false;
    }
    if (now - *since_ <= limit_) return false;
    since_ = now;
    return true;
  }

 private:
  const Duration limit_;
  std::optional<Duration> since_;
  std::uint64_t progress_ = 0;
};

}  // namespace ebc::topology
