// LogOffsets over two clients of its own: questions on a client that fetches would wait behind its long poll.
#pragma once

#include <memory>

#include "topology/kafka_names.h"
#include "topology/log.h"

namespace ebc::topology {

class KafkaOffsets final : public LogOffsets {
 public:
  /// Fatal: a refused setting.
  static Result<std::unique_ptr<KafkaOffsets>> make(const EngineConfig& config, std::string_view client_name);

  Result<int> input_partitions() override;
  Result<Positions> ends(std::span<const LogPartition> logs) override;
  Result<Positions> starts(std::span<const LogPartition> logs) override;
  Result<Offset> offset_at(LogPartition log, Timestamp time) override;
  Result<Offset> last_stable_offset(LogPartition log) override;
  Result<MaybePositions> stable_committed(std::span<const LogPartition> logs) override;
  Result<MaybePositions> committed(std::span<const LogPartition> logs) override;

 private:
  KafkaOffsets(TopicNames names, KafkaClient uncommitted, KafkaClient stable);
  Result<Positions> at(std::span<const LogPartition> logs, std::int64_t time);
  Result<MaybePositions> committed(rd_kafka_t* client, std::span<const LogPartition> logs, Duration limit);

  const TopicNames names_;
  /// Sees high watermarks and committed offsets as they are.
  const KafkaClient uncommitted_;
  /// isolation.level=read_committed makes committed offsets wait for open transactions, and watermarks end at the last
  /// stable offset.
  const KafkaClient stable_;
  const KafkaTopic input_;
};

}  // namespace ebc::topology
