#include "topology/kafka_changelog_reader.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <vector>

#include "topology/client_version.h"
#include "topology/kafka_config.h"
#include "topology/kafka_error.h"

namespace ebc::topology {
namespace {
constexpr std::size_t kBatch = 2'048;

// For clients whose broker threads sleep after they found the queue full, while it runs empty
// (rd_kafka_broker_consumer_serve).
constexpr Duration kPatience{5};  ///< with an empty queue, before the thread is woken
constexpr std::size_t kMayHaveFilledIt = 256u << 10;
constexpr int kRouseMs = 200;  ///< for the answer, which nobody needs
}  // namespace

Result<std::unique_ptr<KafkaChangelogReader>> KafkaChangelogReader::make(const EngineConfig& config, Use use) {
  auto reader = std::unique_ptr<KafkaChangelogReader>(new KafkaChangelogReader(config, use));
  EBC_TRY(reader->renew());
  return reader;
}

Status KafkaChangelogReader::renew() {
  const bool restores = use_ == Use::Restore;
  KafkaConfig conf(config_, "consumer", restores ? "restore" : "standby");
  conf.set("group.id", config_.app_id + "-restore").set("enable.auto.commit", "false");  // never committed to
  conf.set("isolation.level", "read_committed").set("auto.offset.reset", "error").set("enable.partition.eof", "true");
  conf.set_default("fetch.wait.max.ms", restores ? "10" : "100");
  if (restores) {
    conf.fetch_ahead(400'000, 16'384);
  } else {
    conf.fetch_ahead(20'000, 8'192);
  }
  auto client = conf.make(RD_KAFKA_CONSUMER);
  if (!client.ok()) return client.status();
  reading_.clear();
  queue_.reset();
  client_ = std::move(*client);
  rd_kafka_poll_set_consumer(client_.get());
  queue_.reset(rd_kafka_queue_get_consumer(client_.get()));
  return {};
}

KafkaChangelogReader::~KafkaChangelogReader() {
  if (client_) rd_kafka_assign(client_.get(), nullptr);
}

Status KafkaChangelogReader::start(Partition home, Offset from) {
  const std::array position{LogPosition{{Channel::Changelog, home}, from}};
  const KafkaErrorPtr error(rd_kafka_incremental_assign(client_.get(), names_.list(position).get()));
  if (error) return kafka_status(error, "reading the changelog");
  reading_.insert(home);
  return {};
}

void KafkaChangelogReader::stop(Partition home) {
  if (reading_.erase(home) == 0) return;
  const std::array log{LogPartition{Channel::Changelog, home}};
  const KafkaErrorPtr error(rd_kafka_incremental_unassign(client_.get(), names_.list(log).get()));
  if (error) spdlog::warn("changelog {}: {}", home, rd_kafka_error_string(error.get()));
}

Status KafkaChangelogReader::poll(Duration wait, const Visitor& visitor) {
  if (reading_.empty()) return {};
  if (const KafkaMessage first = next(wait)) {
    visit(*first, visitor);
    std::array<rd_kafka_message_t*, kBatch> messages{};
    const auto taken = rd_kafka_consume_batch_queue(queue_.get(), 0, messages.data(), messages.size());
    for (ssize_t i = 0; i < taken; ++i) visit(*KafkaMessage(messages[static_cast<std::size_t>(i)]), visitor);
  }
  return {};
}

KafkaMessage KafkaChangelogReader::next(Duration wait) {
  const auto consume = [this](Duration limit) {
    return KafkaMessage(rd_kafka_consume_queue(queue_.get(), static_cast<int>(limit.count())));
  };
  const bool may_sleep = rd_kafka_version() < kHasQueueBackoff && brought_bytes_ >= kMayHaveFilledIt;
  if (!may_sleep || wait <= kPatience) return consume(wait);
  KafkaMessage first = consume(kPatience);
  if (first) return first;
  rouse();
  return consume(wait);
}

/// Any request to the partitions' brokers wakes their threads.
void KafkaChangelogReader::rouse() {
  brought_bytes_ = 0;
  std::vector<LogPosition> ends;
  for (const Partition home : reading_) ends.push_back({{Channel::Changelog, home}, RD_KAFKA_OFFSET_END});
  rd_kafka_offsets_for_times(client_.get(), names_.list(ends).get(), kRouseMs);
}

void KafkaChangelogReader::visit(const rd_kafka_message_t& message, const Visitor& visitor) {
  const auto view = [](const void* data, std::size_t size) {
    return data == nullptr ? std::nullopt : std::optional(std::string_view(static_cast<const char*>(data), size));
  };
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      denial_.clear();
      brought_bytes_ += message.len + message.key_len;
      visitor.record(message.partition, message.offset, view(message.key, message.key_len),
                     view(message.payload, message.len));
      return;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      denial_.clear();
      visitor.end(message.partition, message.offset);
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      visitor.broken(message.partition);
      return;
    default: {
      const Status status =
          kafka_status(message.err, "changelog reader", fmt::format("Read on the topic {}", names_.changelog));
      spdlog::warn("{}", status.message());
      // It is in no group, so it does without a coordinator's answer.
      const bool of_topic = message.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
      if (of_topic) denial_ = status.message();
    }
  }
}

}  // namespace ebc::topology
