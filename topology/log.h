// Names of the logs that the engine reads: three topics, each with its partitions.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::topology {

enum class Channel : std::uint8_t {
  Input,        ///< what producers write, keyed in whatever way
  Repartition,  ///< records re-keyed to their home, partition = home
  Changelog,    ///< state of the homes, partition = home
};

struct LogPartition {
  Channel channel = Channel::Input;
  Partition partition = 0;
  auto operator<=>(const LogPartition&) const = default;
};

/// A position: the first offset of `log` that was not yet dealt with.
struct LogPosition {
  LogPartition log;
  Offset offset_next = 0;
};

/// Asks the broker about offsets. Every call blocks for a bounded time and answers Retry when that is over; answers are
/// in the order of the question. One instance serves one thread (the real one holds clients of its own, since questions
/// on a fetching client wait behind its long poll).
class LogOffsets {
 public:
  using Positions = std::vector<Offset>;
  using MaybePositions = std::vector<std::optional<Offset>>;

  virtual ~LogOffsets() = default;

  virtual Result<int> input_partitions() = 0;

  /// High watermarks: what has been appended, in open and aborted transactions too.
  virtual Result<Positions> ends(std::span<const LogPartition> logs) = 0;
  virtual Result<Positions> starts(std::span<const LogPartition> logs) = 0;
  /// The first offset whose record is not older than `time`; the end when there is none.
  virtual Result<Offset> offset_at(LogPartition log, Timestamp time) = 0;
  /// What a read_committed reader can reach.
  virtual Result<Offset> last_stable_offset(LogPartition log) = 0;

  /// Committed offsets of the consumer group; none where the group has none. `stable` waits for transactions that hold
  /// offsets of these partitions: Retry while one is pending. One unstable partition holds up the whole question.
  virtual Result<MaybePositions> stable_committed(std::span<const LogPartition> logs) = 0;
  /// The same without waiting: possibly older.
  virtual Result<MaybePositions> committed(std::span<const LogPartition> logs) = 0;
};

}  // namespace ebc::topology
