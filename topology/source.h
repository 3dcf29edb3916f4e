// Where a stream thread's records come from: one member of the consumer group.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/record.h"
#include "topology/log.h"

namespace ebc::topology {

/// Header of a re-keyed record: "partition/offset" of the producer's record in the input topic.
inline constexpr std::string_view kOriginHeader = "ebc.origin";

/// A record as it was read. `record` carries the coordinates of the producer's record, `log` and `offset` those of the
/// place where it was read; they differ for what came through the repartition topic.
struct Fetched {
  LogPartition log;
  Offset offset = 0;
  Record record;
};

/// What one poll brought. Views into the source, valid until its next poll.
struct Batch {
  std::span<const Fetched> records;      ///< in offset order within a log
  std::span<const LogPosition> ends;     ///< logs read to their end, with the position behind trailing markers
  std::span<const LogPartition> broken;  ///< logs whose position the broker no longer has
};

/// The proof of membership that a transaction carries, so that the broker fences a member that was put out.
class Membership {
 public:
  virtual ~Membership() = default;
  /// False: no member id or no generation. Must never be sent: the broker would accept it unchecked.
  virtual bool valid() const = 0;
};

/// Called inside poll(), by the polling thread. Must not block for long: restoring happens elsewhere.
class RebalanceListener {
 public:
  virtual ~RebalanceListener() = default;
  /// Input partitions that are ours now. Nothing is read from them before assign().
  virtual void on_assigned(std::span<const Partition> inputs) = 0;
  /// Given up in good order: what was done may still be committed during this call, and not after it.
  virtual void on_revoked(std::span<const Partition> inputs) = 0;
  /// Already somebody else's: nothing of them may be committed.
  virtual void on_lost(std::span<const Partition> inputs) = 0;
};

/// One thread, but for wake().
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  /// Waits up to `wait` for the first record, then takes what is at hand. Fenced: the member was put out for good by
  /// another process with our id. Fatal: the client is beyond repair.
  virtual Result<Batch> poll(Duration wait) = 0;

  /// Starts to read these logs at these positions; those that are being read go on there. Outside of the listener only.
  virtual Status assign(std::span<const LogPosition> positions) = 0;
  /// Reads these no more until assign(); unknown logs are ignored. They stay ours. Revoked and lost inputs, and their
  /// repartition logs, need no call.
  virtual Status stop(std::span<const LogPartition> logs) = 0;

  virtual std::unique_ptr<Membership> membership() = 0;

  /// Commits outside of a transaction (at-least-once).
  virtual Status commit_offsets(std::span<const LogPosition> positions) = 0;

  /// Leaves the group, or closes without a word so that a static member keeps its partitions for the session. The
  /// listener is told on_revoked on the way. Bounded by `limit`.
  virtual void close(bool leave, Duration limit) = 0;

  /// What Kafka denies the member (denies_a_right()); empty when it reads.
  virtual std::string denial() const { return {}; }

  /// Any thread: ends the wait of a poll that is under way.
  virtual void wake() = 0;
};

}  // namespace ebc::topology
