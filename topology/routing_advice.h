// One word to the user whose producers don't key as they should.
#pragma once

#include <cstdint>
#include <optional>

#include "processor/api/types.h"

namespace ebc::topology {

/// One thread.
class RoutingAdvice {
 public:
  /// Given the counters so far; logs, once in the process's life, when more than a quarter of the records was re-keyed
  /// in three minutes in a row, with what to do. Returns whether it did.
  bool see(std::uint64_t records, std::uint64_t rekeyed, Timestamp now);

 private:
  std::optional<Timestamp> minute_began_;
  std::uint64_t records_ = 0, rekeyed_ = 0;
  int high_ = 0;
  bool given_ = false;
};

}  // namespace ebc::topology
