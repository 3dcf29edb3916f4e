// What other threads tell a stream thread.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "state/committed_store.h"
#include "topology/log.h"
#include "topology/progress.h"

namespace ebc::topology {

/// An input partition, and the home that belongs to it if it has one, is ready to run.
struct Taken {
  Partition partition = 0;
  std::uint64_t epoch = 0;
  std::shared_ptr<state::CommittedStore> store;  ///< null: the partition has no home, it only routes
  Progress progress;
  bool commit_at_once = false;  ///< row or group offsets are missing: write them with the first commit
  std::int64_t restored = 0;    ///< changelog records replayed
};

struct TakeFailed {
  Partition partition = 0;
  std::uint64_t epoch = 0;
  Status status;            ///< Fatal
  bool unreadable = false;  ///< because what is stored is another version's, or nobody's that we know
};

/// Everything that was in the inputs at `clock` has been read by this home.
struct ClockAdvance {
  Partition home = 0;
  std::uint64_t epoch = 0;
  Timestamp clock{};
};

using WorkerMessage = std::variant<Taken, TakeFailed, ClockAdvance>;

}  // namespace ebc::topology
