// What a run of chaos is told by its environment; scripts/chaos --help has the flags for it.
#pragma once

#include <chrono>
#include <cstdint>

namespace ebc::chaos {

struct ChaosOptions {
  std::uint64_t seed = 1;
  std::chrono::milliseconds duration{80'000};  ///< of the faults; the load before and the settling after add to it
  int kills = 0, broker_kills = 0;             ///< goes on until there were this many, however long it takes
  int instances = 3;
  double groups_per_second = 50;
  std::int64_t finished_ttl_ms = 40'000;  ///< of groups that end before it; longer than the broker is ever away
  bool at_least_once = false;
};

/// `defaults`, changed by EBC_CHAOS_SEED, _DURATION (seconds), _KILLS, _BROKER_KILLS, _INSTANCES and _RATE. Throws
/// std::runtime_error for what isn't a number.
ChaosOptions from_environment(ChaosOptions defaults);

}  // namespace ebc::chaos
