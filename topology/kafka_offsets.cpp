#include "topology/kafka_offsets.h"

#include <fmt/format.h>

#include "topology/kafka_config.h"
#include "topology/kafka_error.h"

namespace ebc::topology {
namespace {

constexpr Duration kLimit{2'000};
/// The broker answers "unstable" at once and the client asks again until the limit: short, so that other homes get
/// their turn.
constexpr Duration kStableLimit{300};

int ms(Duration duration) { return static_cast<int>(duration.count()); }

Result<KafkaClient> make_client(const EngineConfig& config, std::string_view name, const char* isolation) {
  KafkaConfig conf(config, "consumer", name);
  conf.set("group.id", config.app_id).set("isolation.level", isolation).set("enable.auto.commit", "false");
  conf.set("auto.offset.reset", "error");
  return conf.make(RD_KAFKA_CONSUMER);
}

}  // namespace

Result<std::unique_ptr<KafkaOffsets>> KafkaOffsets::make(const EngineConfig& config, std::string_view client_name) {
  auto uncommitted = make_client(config, fmt::format("{}-offsets", client_name), "read_uncommitted");
  if (!uncommitted.ok()) return uncommitted.status();
  auto stable = make_client(config, fmt::format("{}-stable-offsets", client_name), "read_committed");
  if (!stable.ok()) return stable.status();
  return std::unique_ptr<KafkaOffsets>(
      new KafkaOffsets(TopicNames(config), std::move(*uncommitted), std::move(*stable)));
}

KafkaOffsets::KafkaOffsets(TopicNames names, KafkaClient uncommitted, KafkaClient stable)
    : names_(std::move(names)),
      uncommitted_(std::move(uncommitted)),
      stable_(std::move(stable)),
      input_(rd_kafka_topic_new(uncommitted_.get(), names_.input.c_str(), nullptr)) {}

Result<int> KafkaOffsets::input_partitions() {
  const struct rd_kafka_metadata* raw = nullptr;
  const auto code = rd_kafka_metadata(uncommitted_.get(), 0, input_.get(), &raw, ms(kLimit));
  const KafkaMetadata metadata(raw);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "metadata of " + names_.input);
  if (metadata->topic_cnt != 1) return Status(Verdict::Retry, "no metadata of " + names_.input);
  if (const auto error = metadata->topics[0].err; error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_status(error, "metadata of " + names_.input);
  }
  return metadata->topics[0].partition_cnt;
}

Result<LogOffsets::Positions> KafkaOffsets::at(std::span<const LogPartition> logs, std::int64_t time) {
  if (logs.empty()) return Positions{};
  const KafkaPartitions list = names_.list(logs);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = time;
  const auto code = rd_kafka_offsets_for_times(uncommitted_.get(), list.get(), ms(kLimit));
  // The input has grown since this client last looked, and by itself it looks every five minutes.
  if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) (void)input_partitions();
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "offsets of " + names_.of(logs[0].channel));
  Positions positions;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& answer = list->elems[i];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_status(answer.err, fmt::format("offsets of {} [{}]", answer.topic, answer.partition));
    }
    positions.push_back(answer.offset);
  }
  return positions;
}

Result<LogOffsets::Positions> KafkaOffsets::ends(std::span<const LogPartition> logs) {
  return at(logs, RD_KAFKA_OFFSET_END);
}

Result<LogOffsets::Positions> KafkaOffsets::starts(std::span<const LogPartition> logs) {
  return at(logs, RD_KAFKA_OFFSET_BEGINNING);
}

Result<Offset> KafkaOffsets::offset_at(LogPartition log, Timestamp time) {
  auto found = at({&log, 1}, to_ms(time));
  if (!found.ok()) return found.status();
  if ((*found)[0] >= 0) return (*found)[0];
  auto end = ends({&log, 1});  // nothing is as young as that
  if (!end.ok()) return end.status();
  return (*end)[0];
}

Result<Offset> KafkaOffsets::last_stable_offset(LogPartition log) {
  std::int64_t low = 0, high = 0;
  const std::string& topic = names_.of(log.channel);
  const auto code =
      rd_kafka_query_watermark_offsets(stable_.get(), topic.c_str(), log.partition, &low, &high, ms(kLimit));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "last stable offset of " + topic);
  return high;
}

Result<LogOffsets::MaybePositions> KafkaOffsets::committed(rd_kafka_t* client, std::span<const LogPartition> logs,
                                                           Duration limit) {
  const KafkaPartitions list = names_.list(logs);
  const auto code = rd_kafka_committed(client, list.get(), ms(limit));
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT && client == stable_.get()) {
    return Status(Verdict::Retry, "its committed offsets: a transaction that holds them is still open");
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "committed offsets");
  MaybePositions positions;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& answer = list->elems[i];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_status(answer.err, fmt::format("committed offset of {} [{}]", answer.topic, answer.partition));
    }
    positions.push_back(answer.offset >= 0 ? std::optional<Offset>(answer.offset) : std::nullopt);
  }
  return positions;
}

Result<LogOffsets::MaybePositions> KafkaOffsets::stable_committed(std::span<const LogPartition> logs) {
  return committed(stable_.get(), logs, kStableLimit);
}

Result<LogOffsets::MaybePositions> KafkaOffsets::committed(std::span<const LogPartition> logs) {
  return committed(uncommitted_.get(), logs, kLimit);
}

}  // namespace ebc::topology
