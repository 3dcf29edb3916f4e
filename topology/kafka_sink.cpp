#include "topology/kafka_sink.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "topology/kafka_config.h"
#include "topology/kafka_error.h"
#include "topology/kafka_source.h"

namespace ebc::topology {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// A commit slower than this is not followed by another of the same producer, whatever made it so.
constexpr Duration kSlowCommit{1'000};

/// On a busy broker 35 ms weren't always enough.
constexpr Duration kEndingTakes{60};

/// Sent on as they come once a transaction has more than this: the network then works while we do.
constexpr std::size_t kHeldBytes = 64 * 1024;

/// With more than this under way, the offsets would only wait behind it, and we for them instead of for the records'
/// acknowledgements, which cost us time of our own.
constexpr int kManyUnsettled = 1'000;

/// From where to where the client's own limit for a message may be set.
constexpr std::size_t kLeastMessageLimit = 2'097'152, kMostMessageLimit = 1'000'000'000;

int ms(Duration duration) { return static_cast<int>(duration.count()); }

}  // namespace

KafkaSink::KafkaSink(const EngineConfig& config, std::string client_name, std::string display_name,
                     KafkaStatistics& statistics, std::shared_ptr<RefusedOutputs> refused)
    : config_(config),
      client_name_(std::move(client_name)),
      display_name_(std::move(display_name)),
      statistics_(statistics),
      refused_(std::move(refused)) {}

KafkaSink::~KafkaSink() {
  if (client_) rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  topics_.clear();
}

Status KafkaSink::make_client(const std::string& transactional_id) {
  KafkaConfig conf(config_, "producer", client_name_);
  conf.set("enable.idempotence", "true").set("acks", "all");
  if (!transactional_id.empty()) {
    conf.set("transactional.id", transactional_id);
    conf.set("transaction.timeout.ms", std::to_string(config_.transaction_timeout.count()));
  }
  // The first offsets of a transaction nearly always meet the end of the one before and wait for one back-off.
  conf.set_default("retry.backoff.ms", "5");
  // In a transaction nobody sees a record before the commit; without one it waits no longer than there is input at hand
  // (send_now). Neither waits for this, and small batches cost.
  conf.set_default("linger.ms", "5");
  conf.set_default("batch.size", "1000000");
  conf.set_default("queue.buffering.max.messages", "2000000");
  conf.set_default("queue.buffering.max.kbytes", "262144");
  // The topic's own limit decides. Not simply the most there is: the library makes room for a batch up to it.
  const std::size_t largest = std::max(config_.largest_output_bytes, config_.largest_message_bytes) + kRoomForHeaders;
  conf.set_default("message.max.bytes", std::to_string(std::clamp(largest, kLeastMessageLimit, kMostMessageLimit)));
  conf.set_default("partitioner", "murmur2_random");
  rd_kafka_conf_set_opaque(conf.raw(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.raw(), delivered);
  rd_kafka_conf_set_closesocket_cb(conf.raw(), close_socket);
  conf.set_default("statistics.interval.ms", std::to_string(config_.statistics_interval.count()));
  rd_kafka_conf_set_stats_cb(conf.raw(), told);
  auto client = conf.make(RD_KAFKA_PRODUCER);
  if (!client.ok()) return client.status();
  client_ = std::move(*client);
  return {};
}

/// Called by a thread of the library, before it does anything about the requests that had no answer yet. (Errors that
/// the library tells the application about come later, by its own polls, and not when they are like the last ones.)
int KafkaSink::close_socket(int socket, void* opaque) {
  static_cast<KafkaSink*>(opaque)->connections_closed_.fetch_add(1);
  return ::close(socket);
}

/// Called while we poll or flush, as delivered() is. 0: the library frees its text.
int KafkaSink::told(rd_kafka_t*, char* json, std::size_t size, void* opaque) {
  const auto* sink = static_cast<KafkaSink*>(opaque);
  sink->statistics_.keep(sink->display_name_, {json, size});
  return 0;
}

/// Called while we poll, flush or commit, so by our own thread.
void KafkaSink::delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* sink = static_cast<KafkaSink*>(opaque);
  const auto mark = reinterpret_cast<std::uintptr_t>(message->_private);
  if (mark >> 16 != sink->round_) return;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    sink->keep_error(message->err, rd_kafka_topic_name(message->rkt), message->len + message->key_len);
    return;
  }
  const std::size_t tag = mark & 0xffff;
  if (tag > 0) sink->delivered_[tag - 1] = message->offset;
}

void KafkaSink::keep_error(rd_kafka_resp_err_t code, std::string_view topic, std::size_t bytes) {
  purged_ = purged_ || code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (doubtful_.contains(topic)) {
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      refused_->refuse(topic, bytes);
    } else if (is_refusal(code)) {
      refused_->refuse(topic);
    }
  }
  if (!produce_failure_.ok()) return;
  // That a handler's topic refuses us is an answer, and dealt with.
  const Status status =
      doubtful_.contains(topic)
          ? Status{Verdict::Retry, fmt::format("produce to {}: {}", topic, rd_kafka_err2str(code))}
          : kafka_status(code, fmt::format("produce to {}", topic), fmt::format("Write on the topic {}", topic));
  const Verdict verdict = status.verdict() == Verdict::Fenced ? Verdict::Fenced : Verdict::AbortTransaction;
  produce_failure_ = {verdict, status.message()};
}

/// Looked up before the first record: the client itself would wait longer for a missing topic than a transaction may
/// last. All topics are asked for, for asking for one by name makes it where the broker creates topics by itself.
bool KafkaSink::missing(std::string_view topic) {
  constexpr int kLimitMs = 3'000;
  const struct rd_kafka_metadata* raw = nullptr;
  if (rd_kafka_metadata(client_.get(), 1, nullptr, &raw, kLimitMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  const KafkaMetadata metadata(raw);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    if (metadata->topics[i].topic == topic) return metadata->topics[i].partition_cnt == 0;
  }
  return true;
}

bool KafkaSink::accepts(std::string_view topic, std::size_t bytes) {
  if (refused_->refuses(topic, bytes)) return false;
  if (doubtful_.contains(topic)) return true;
  if (missing(topic)) {
    refused_->refuse(topic);
    return false;
  }
  doubtful_.emplace(topic);
  return true;
}

void KafkaSink::forget_deliveries() {
  ++round_;
  delivered_.clear();
  asked_about_.clear();
  produce_failure_ = {};
  purged_ = false;
}

rd_kafka_topic_t* KafkaSink::topic(std::string_view name) {
  auto it = topics_.find(name);
  if (it == topics_.end()) {
    const std::string text(name);
    it = topics_.emplace(text, KafkaTopic(rd_kafka_topic_new(client_.get(), text.c_str(), nullptr))).first;
  }
  return it->second.get();
}

std::string KafkaSink::topics_used() const {
  std::string names;
  for (const auto& [name, topic] : topics_) names.append(names.empty() ? "" : ", ").append(name);
  return names;
}

void KafkaSink::send(const SinkRecord& record) {
  if (const auto asked = doubtful_.find(record.topic); asked != doubtful_.end()) asked_about_.insert(*asked);
  std::size_t mark = static_cast<std::size_t>(round_) << 16;
  if (record.tag >= 0) {
    const auto tag = static_cast<std::size_t>(record.tag);
    if (delivered_.size() <= tag) delivered_.resize(tag + 1, -1);
    mark |= tag + 1;
  }
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) {
    headers = rd_kafka_headers_new(record.headers.size());
    for (const Header& header : record.headers) {
      rd_kafka_header_add(headers, header.name.data(), static_cast<ssize_t>(header.name.size()),
                          header.value ? header.value->data() : nullptr,
                          header.value ? static_cast<ssize_t>(header.value->size()) : 0);
    }
  }
  // An empty view may have a null pointer, which would mean a null key or value.
  const auto pointer = [](const std::optional<std::string_view>& text) -> void* {
    if (!text) return nullptr;
    return const_cast<char*>(text->data() != nullptr ? text->data() : "");
  };
  const auto size = [](const std::optional<std::string_view>& text) { return text ? text->size() : 0; };
  std::optional<SteadyClock::time_point> full_until;
  rd_kafka_topic_t* const to = topic(record.topic);
  for (;;) {
    const auto code = rd_kafka_producev(
        client_.get(), RD_KAFKA_V_RKT(to), RD_KAFKA_V_PARTITION(record.partition.value_or(RD_KAFKA_PARTITION_UA)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(pointer(record.key), size(record.key)),
        RD_KAFKA_V_VALUE(pointer(record.value), size(record.value)), RD_KAFKA_V_TIMESTAMP(to_ms(record.timestamp)),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(mark)), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      const auto now = SteadyClock::now();
      if (!full_until) full_until = now + config_.transaction_timeout;
      if (now < *full_until) {
        rd_kafka_poll(client_.get(), 5);
        continue;
      }
    }
    if (headers != nullptr) rd_kafka_headers_destroy(headers);
    keep_error(code, record.topic, record.key.value_or("").size() + record.value.value_or("").size());
    return;
  }
}

std::optional<Offset> KafkaSink::delivered_offset(int tag) const {
  const auto index = static_cast<std::size_t>(tag);
  if (index >= delivered_.size() || delivered_[index] < 0) return std::nullopt;
  return delivered_[index];
}

Status KafkaSink::flush(Duration limit) {
  const auto until = SteadyClock::now() + limit;
  // The library's flush looks every 10 ms; short waits, one after the other, return as soon as all is acknowledged.
  while (rd_kafka_flush(client_.get(), 1) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
    if (SteadyClock::now() >= until) return {Verdict::AbortTransaction, "records were not acknowledged in time"};
  }
  return produce_failure_;
}

ExactlyOnceSink::ExactlyOnceSink(const EngineConfig& config, std::string transactional_id, std::string display_name,
                                 KafkaStatistics& statistics, std::shared_ptr<RefusedOutputs> refused)
    : KafkaSink(config, transactional_id, std::move(display_name), statistics, std::move(refused)),
      names_(config),
      transactional_id_(std::move(transactional_id)),
      group_(config.app_id) {}

Status ExactlyOnceSink::open() {
  if (client() == nullptr) EBC_TRY(make_client(transactional_id_));
  constexpr Duration kLimit{2'000};
  const KafkaErrorPtr error(rd_kafka_init_transactions(client(), ms(kLimit)));
  return kafka_status(error, fmt::format("start of the transactional producer {}", transactional_id_),
                      fmt::format("Write on the transactional id {}", transactional_id_));
}

Status ExactlyOnceSink::begin() {
  forget_deliveries();
  commit_requested_ = false;
  held_.clear();
  holding_ = true;
  suspect_ = false;
  closed_before_ = connections_closed();
  const KafkaErrorPtr error(rd_kafka_begin_transaction(client()));
  return kafka_status(error, "begin of a transaction");
}

void ExactlyOnceSink::produce(const SinkRecord& record) {
  if (!holding_) {
    send(record);
    return;
  }
  held_.add(record);
  if (held_.bytes() > kHeldBytes) release();
}

void ExactlyOnceSink::release() {
  holding_ = false;
  held_.release([this](const SinkRecord& record) { send(record); });
}

/// What was sent twice may arrive once more in the next transaction of this producer, offsets of an aborted one too.
void ExactlyOnceSink::suspect_repetitions() {
  if (suspect_ || connections_closed() == closed_before_) return;
  suspect_ = true;
  spdlog::info("{}: a connection ended in the transaction; the producer is replaced", transactional_id_);
}

Status ExactlyOnceSink::commit(std::span<const LogPosition> positions, const Membership& membership) {
  const auto began = SteadyClock::now();
  Status status = commit_steps(positions, membership);
  suspect_ = suspect_ || SteadyClock::now() - began > kSlowCommit;
  suspect_repetitions();
  if (!status.ok()) return denial_behind(std::move(status));
  refused().convict_suspects();
  return {};
}

Status ExactlyOnceSink::commit_steps(std::span<const LogPosition> positions, const Membership& membership) {
  release();
  if (unsettled() > kManyUnsettled) EBC_TRY(flush(config().transaction_timeout));
  EBC_TRY(send_offsets(positions, membership));
  EBC_TRY(flush(config().transaction_timeout));
  return commit_transaction();
}

/// A transaction that lacked a right fails in many ways: records purged, calls in a wrong state. Asked for what it
/// can't do now, the client tells the first reason, and does nothing.
Status ExactlyOnceSink::denial_behind(Status failed) {
  if (failed.verdict() == Verdict::Fenced || commit_requested_) return failed;
  const KafkaErrorPtr error(rd_kafka_begin_transaction(client()));
  const auto code = error ? rd_kafka_error_code(error.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
  if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
    return {Verdict::AbortTransaction,
            kafka_status(error, "offsets of a transaction", fmt::format("Read on the consumer group {}", group_))
                .message()};
  }
  if (code != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) return failed;
  if (!asked_about().empty()) {
    // The client doesn't say which one. That a handler's topic refuses us is an answer, and dealt with.
    refused().suspect(asked_about());
    return {Verdict::AbortTransaction, fmt::format("a transaction: {}", rd_kafka_error_string(error.get()))};
  }
  refused().acquit_suspects();
  const bool of_offsets =
      std::string_view(rd_kafka_error_string(error.get())).find("offsets") != std::string_view::npos;
  const std::string right = of_offsets ? fmt::format("Read on the topic {}", names_.input)
                                       : fmt::format("Write on one of the topics {}", topics_used());
  return {Verdict::AbortTransaction, kafka_status(error, "a transaction", right).message()};
}

/// Offsets that a rebalance refuses. Records not sent by then have used up numbers: the broker would refuse the next.
/// The next producer waits half a second if it comes before the broker has ended this transaction everywhere.
Status ExactlyOnceSink::abort() {
  forget_topics();
  if (commit_requested_) return {Verdict::AbortTransaction, "a commit was asked for"};
  const KafkaErrorPtr error(rd_kafka_abort_transaction(client(), ms(kSlowCommit)));
  suspect_repetitions();
  suspect_ = suspect_ || purged();
  if (!error && suspect_) std::this_thread::sleep_for(kEndingTakes);
  return kafka_status(error, "abort of a transaction");
}

Status ExactlyOnceSink::send_offsets(std::span<const LogPosition> positions, const Membership& membership) {
  const auto& metadata = dynamic_cast<const KafkaMembership&>(membership);
  const KafkaPartitions offsets = names_.list(positions);
  const auto until = SteadyClock::now() + config().transaction_timeout;
  for (;;) {
    const KafkaErrorPtr error(rd_kafka_send_offsets_to_transaction(client(), offsets.get(), metadata.raw(),
                                                                   ms(config().transaction_timeout)));
    Status status = kafka_status(error, "offsets of a transaction");
    if (status.verdict() != Verdict::Retry) return status;
    if (SteadyClock::now() >= until) return {Verdict::AbortTransaction, status.message()};
  }
}

Status ExactlyOnceSink::commit_transaction() {
  commit_requested_ = true;
  const auto until = SteadyClock::now() + 2 * config().transaction_timeout;
  for (;;) {
    const KafkaErrorPtr error(rd_kafka_commit_transaction(client(), ms(config().transaction_timeout)));
    Status status = kafka_status(error, "commit of a transaction");
    if (status.verdict() != Verdict::Retry) return status;
    if (SteadyClock::now() >= until) {
      return {Verdict::AbortTransaction,
              fmt::format("whether the transaction was committed isn't known: {}", status.message())};
    }
  }
}

PlainSink::PlainSink(const EngineConfig& config, std::string client_name, std::string display_name,
                     KafkaStatistics& statistics, RecordSource& source, std::shared_ptr<RefusedOutputs> refused)
    : KafkaSink(config, std::move(client_name), std::move(display_name), statistics, std::move(refused)),
      source_(source) {}

Status PlainSink::open() { return client() == nullptr ? make_client({}) : Status{}; }

Status PlainSink::begin() {
  forget_deliveries();
  return {};
}

/// While the library flushes, nothing lingers; what it has handed to the network by then is gone.
void PlainSink::send_now() { rd_kafka_flush(client(), 1); }

Status PlainSink::settle_outputs() { return flush(config().transaction_timeout); }

Status PlainSink::commit(std::span<const LogPosition>, const Membership&) {
  return flush(config().transaction_timeout);
}

Status PlainSink::finish(std::span<const LogPosition> positions) { return source_.commit_offsets(positions); }

}  // namespace ebc::topology
