// One history: a cluster, some instances, a workload and its faults, all thrown from one seed; played to the end.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ebc::simulation {

struct HistoryResult {
  std::uint64_t seed = 0;
  std::string failure;  ///< empty: all that must hold held
  bool at_least_once = false;
  std::uint64_t digest = 0;
  std::uint64_t steps = 0;
  std::uint64_t simulated_ms = 0;
  std::uint64_t groups = 0, commits = 0, kills = 0, freezes = 0, restarts = 0;
  bool standbys = false;
};

/// `trace`: gets a line for each thing that happens.
HistoryResult play_history(std::uint64_t seed, std::function<void(std::string_view)> trace = {});

}  // namespace ebc::simulation
