// LogOffsets over two clients of its own: questions on a client that fetches would wait behind its long poll.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "topology/kafka_names.h"
#include "topology/log.h"

namespace ebc::topology {

class KafkaOffsets final : public LogOffsets {
 public:
  /// Fatal: a refused setting.
  static Result<std::unique_ptr<KafkaOffsets>> make(const EngineConfig& config, std::string_view client_name);

  /// Asks until the first answers have come, some seconds at most: a new client needs up to a second for each kind of
  /// question, a warm one milliseconds.
  void warm_up(const std::atomic<bool>& stop);

  Result<int> input_partitions() override;
  Result<Positions> ends(std::span<const LogPartition> logs) override;
  Result<Positions> starts(std::span<const LogPartition> logs) override;
  Result<Offset> offset_at(LogPartition log, Timestamp time) override;
  Result<Offset> last_stable_offset(LogPartition log) override;
  Result<MaybePositions> stable_committed(std::span<const LogPartition> logs) override;
  Result<MaybePositions> committed(std::span<const LogPartition> logs) override;

 private:
  /// A client and when it last answered. One that has not done so for long is replaced: old ones can fall silent for
  /// good.
  struct Ask {
    KafkaClient client;
    std::chrono::steady_clock::time_point answered = std::chrono::steady_clock::now();
  };

  KafkaOffsets(const EngineConfig& config, std::string client_name);
  std::string right_on_group() const;
  Status make_uncommitted();
  Status make_stable();
  Result<Positions> at(std::span<const LogPartition> logs, std::int64_t time);
  Result<MaybePositions> committed(rd_kafka_t* client, std::span<const LogPartition> logs, Duration limit);
  void note_uncommitted(bool answered);
  void note_stable(bool answered);
  bool silent(Ask& ask, bool answered) const;

  const EngineConfig config_;
  const std::string client_name_;
  const TopicNames names_;
  /// Sees high watermarks and committed offsets as they are.
  Ask uncommitted_;
  /// isolation.level=read_committed makes committed offsets wait for open transactions, and watermarks end at the last
  /// stable offset.
  Ask stable_;
  KafkaTopic input_;  ///< of uncommitted_
};

}  // namespace ebc::topology
