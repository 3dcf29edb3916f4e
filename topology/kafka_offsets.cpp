#include "topology/kafka_offsets.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>

#include "topology/kafka_config.h"
#include "topology/kafka_error.h"

namespace ebc::topology {
namespace {

constexpr Duration kLimit{2'000};
/// The broker answers "unstable" at once and the client asks again until the limit: short, so that other homes get
/// their turn.
constexpr Duration kStableLimit{100};
constexpr Duration kWarmUpLimit{3'000}, kWarmUpQuestion{25};

int ms(Duration duration) { return static_cast<int>(duration.count()); }

std::string right_on(std::string_view topic) { return fmt::format("Read on the topic {}", topic); }

Result<KafkaClient> make_client(const EngineConfig& config, std::string_view name, const char* isolation) {
  KafkaConfig conf(config, "consumer", name);
  conf.set("group.id", config.app_id).set("isolation.level", isolation).set("enable.auto.commit", "false");
  conf.set("auto.offset.reset", "error");
  conf.set_default("topic.metadata.refresh.interval.ms", "10000");  // partitions that are added
  return conf.make(RD_KAFKA_CONSUMER);
}

}  // namespace

Result<std::unique_ptr<KafkaOffsets>> KafkaOffsets::make(const EngineConfig& config, std::string_view client_name) {
  auto offsets = std::unique_ptr<KafkaOffsets>(new KafkaOffsets(config, std::string(client_name)));
  EBC_TRY(offsets->make_uncommitted());
  EBC_TRY(offsets->make_stable());
  return offsets;
}

KafkaOffsets::KafkaOffsets(const EngineConfig& config, std::string client_name)
    : config_(config), client_name_(std::move(client_name)), names_(config_) {}

Status KafkaOffsets::make_uncommitted() {
  auto client = make_client(config_, client_name_ + "-offsets", "read_uncommitted");
  if (!client.ok()) return client.status();
  input_.reset();
  uncommitted_.client = std::move(*client);
  input_.reset(rd_kafka_topic_new(uncommitted_.client.get(), names_.input.c_str(), nullptr));
  return {};
}

Status KafkaOffsets::make_stable() {
  auto client = make_client(config_, client_name_ + "-stable-offsets", "read_committed");
  if (!client.ok()) return client.status();
  stable_.client = std::move(*client);
  return {};
}

bool KafkaOffsets::silent(Ask& ask, bool answered) const {
  const auto now = std::chrono::steady_clock::now();
  if (!answered && now - ask.answered <= config_.stall_timeout) return false;
  ask.answered = now;
  return !answered;
}

void KafkaOffsets::note_uncommitted(bool answered) {
  if (!silent(uncommitted_, answered)) return;
  spdlog::info("{}: no answer for long; asking with a new client", rd_kafka_name(uncommitted_.client.get()));
  if (const Status made = make_uncommitted(); !made.ok()) spdlog::warn("{}", made.message());
}

void KafkaOffsets::note_stable(bool answered) {
  if (!silent(stable_, answered)) return;
  spdlog::info("{}: no answer for long; asking with a new client", rd_kafka_name(stable_.client.get()));
  if (const Status made = make_stable(); !made.ok()) spdlog::warn("{}", made.message());
}

void KafkaOffsets::warm_up(const std::atomic<bool>& stop) {
  // Of the changelog the group has no offsets, so none can be held by an open transaction. Short questions, since the
  // client's inside looks at its state whenever one comes, else once a second.
  const std::array changelog{LogPartition{Channel::Changelog, 0}};
  const auto until = std::chrono::steady_clock::now() + kWarmUpLimit;
  bool stable = false, uncommitted = false;
  while (!stop.load() && std::chrono::steady_clock::now() < until && !(stable && uncommitted)) {
    stable = stable || committed(stable_.client.get(), changelog, kWarmUpQuestion).ok();
    uncommitted = uncommitted || committed(uncommitted_.client.get(), changelog, kWarmUpQuestion).ok();
  }
  for (const Channel channel : {Channel::Input, Channel::Repartition, Channel::Changelog}) {
    const std::array log{LogPartition{channel, 0}};
    if (!stop.load()) (void)ends(log);
  }
}

Result<int> KafkaOffsets::input_partitions() {
  const struct rd_kafka_metadata* raw = nullptr;
  const auto code = rd_kafka_metadata(uncommitted_.client.get(), 0, input_.get(), &raw, ms(kLimit));
  const KafkaMetadata metadata(raw);
  note_uncommitted(code == RD_KAFKA_RESP_ERR_NO_ERROR);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return kafka_status(code, "metadata of " + names_.input, right_on(names_.input));
  if (metadata->topic_cnt != 1) return Status(Verdict::Retry, "no metadata of " + names_.input);
  if (const auto error = metadata->topics[0].err; error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_status(error, "metadata of " + names_.input, right_on(names_.input));
  }
  return metadata->topics[0].partition_cnt;
}

Result<LogOffsets::Positions> KafkaOffsets::at(std::span<const LogPartition> logs, std::int64_t time) {
  if (logs.empty()) return Positions{};
  const KafkaPartitions list = names_.list(logs);
  for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = time;
  const auto code = rd_kafka_offsets_for_times(uncommitted_.client.get(), list.get(), ms(kLimit));
  note_uncommitted(code == RD_KAFKA_RESP_ERR_NO_ERROR);
  // A partition that was just added: the client knows it once it has asked again.
  if (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) (void)input_partitions();
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const std::string& topic = names_.of(logs[0].channel);
    return kafka_status(code, "offsets of " + topic, right_on(topic));
  }
  Positions positions;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& answer = list->elems[i];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (answer.err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) (void)input_partitions();
      return kafka_status(answer.err, fmt::format("offsets of {} [{}]", answer.topic, answer.partition),
                          right_on(answer.topic));
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
      rd_kafka_query_watermark_offsets(stable_.client.get(), topic.c_str(), log.partition, &low, &high, ms(kLimit));
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "last stable offset of " + topic, right_on(topic));
  return high;
}

std::string KafkaOffsets::right_on_group() const {
  return fmt::format("Read on the consumer group {}", config_.app_id);
}

Result<LogOffsets::MaybePositions> KafkaOffsets::committed(rd_kafka_t* client, std::span<const LogPartition> logs,
                                                           Duration limit) {
  const KafkaPartitions list = names_.list(logs);
  const auto code = rd_kafka_committed(client, list.get(), ms(limit));
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT && client == stable_.client.get()) {
    return Status(Verdict::Retry, "its committed offsets: a transaction that holds them is still open");
  }
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "committed offsets", right_on_group());
  MaybePositions positions;
  for (int i = 0; i < list->cnt; ++i) {
    const auto& answer = list->elems[i];
    if (answer.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return kafka_status(answer.err, fmt::format("committed offset of {} [{}]", answer.topic, answer.partition),
                          right_on_group());
    }
    positions.push_back(answer.offset >= 0 ? std::optional<Offset>(answer.offset) : std::nullopt);
  }
  return positions;
}

Result<LogOffsets::MaybePositions> KafkaOffsets::stable_committed(std::span<const LogPartition> logs) {
  auto answer = committed(stable_.client.get(), logs, kStableLimit);
  note_stable(answer.ok());
  return answer;
}

Result<LogOffsets::MaybePositions> KafkaOffsets::committed(std::span<const LogPartition> logs) {
  auto answer = committed(uncommitted_.client.get(), logs, kLimit);
  note_uncommitted(answer.ok());
  return answer;
}

}  // namespace ebc::topology
