#include "topology/kafka_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <charconv>

#include "topology/kafka_config.h"
#include "topology/kafka_error.h"
#include "topology/kafka_headers.h"

namespace ebc::topology {
namespace {

/// Small enough that a batch is still in the processor's cache when it is processed, and when it is given back.
constexpr std::size_t kBatch = 1'024;
constexpr Duration kJoiningWait{20};

/// From 2.1.0 on, and in 2.12.1 still, a batch call takes the end of a partition at N for a message at N. After the
/// next pause, and every rebalance makes one for all partitions, fetching goes on at N + 1: record N is never seen.
/// Calls for one message don't have that fault, and cost 0.2 us more a record.
constexpr int kBatchesLoseRecords = 0x02010000;

/// Before 2.3.0 a consumer that is destroyed between its entry into the group and its first assignment ends the
/// process: the assignor is known by then, its state comes with the assignment, and the library frees both unasked
/// (rd_kafka_sticky_assignor_state_destroy).
constexpr int kDestroysUnassigned = 0x02030000;

std::atomic<std::size_t> left_alone{0};

int ms(Duration duration) { return static_cast<int>(std::max<std::int64_t>(0, duration.count())); }

std::optional<std::string_view> view(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

/// "partition/offset"; false leaves the record's own coordinates.
bool read_origin(std::string_view text, Record& record) {
  const char* end = text.data() + text.size();
  Partition partition = 0;
  Offset offset = 0;
  const auto [slash, bad_partition] = std::from_chars(text.data(), end, partition);
  if (bad_partition != std::errc{} || slash == end || *slash != '/') return false;
  const auto [rest, bad_offset] = std::from_chars(slash + 1, end, offset);
  if (bad_offset != std::errc{} || rest != end) return false;
  record.partition = partition;
  record.offset = offset;
  return true;
}

}  // namespace

std::size_t consumers_left_alone() { return left_alone.load(); }

Result<std::unique_ptr<KafkaSource>> KafkaSource::make(const EngineConfig& config, const std::string& instance_id,
                                                       std::string_view client_name, KafkaStatistics& statistics,
                                                       RebalanceListener& listener) {
  auto source = std::unique_ptr<KafkaSource>(
      new KafkaSource(config, fmt::format("{} consumer", client_name), statistics, listener));
  KafkaConfig conf(config, "consumer", client_name);
  conf.set("group.id", config.app_id).set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
  if (!instance_id.empty()) conf.set("group.instance.id", instance_id);
  conf.set("partition.assignment.strategy", "cooperative-sticky");
  conf.set("isolation.level", "read_committed").set("auto.offset.reset", "error").set("enable.partition.eof", "true");
  conf.set("session.timeout.ms", std::to_string(config.session_timeout.count()));
  // By a heartbeat a member learns that there are partitions to be had.
  conf.set_default("heartbeat.interval.ms",
                   std::to_string(std::clamp<std::int64_t>(config.session_timeout.count() / 4, 100, 500)));
  // Partitions added to the input are known to the clock at once, and it waits until somebody reads them.
  conf.set_default("topic.metadata.refresh.interval.ms", "5000");
  // Trailing transaction markers are learnt of by an empty fetch only: short waits keep the clock near the present.
  conf.set_default("fetch.wait.max.ms", "10");
  conf.set_default("fetch.error.backoff.ms", "50");
  // A fifth of the default's bytes, which is a tenth of a second's worth at full speed: more only takes memory (a
  // queued message takes some 250 bytes besides its own) and is cold when its turn comes. And twice its messages, so
  // that small ones don't fill it early. That it is full for a while does no harm: see hops_.
  conf.fetch_ahead(200'000, 12'288);
  rd_kafka_conf_set_opaque(conf.raw(), source.get());
  rd_kafka_conf_set_rebalance_cb(conf.raw(), rebalance);
  conf.set_default("statistics.interval.ms", std::to_string(config.statistics_interval.count()));
  rd_kafka_conf_set_stats_cb(conf.raw(), told);
  auto client = conf.make(RD_KAFKA_CONSUMER);
  if (!client.ok()) return client.status();
  source->client_ = std::move(*client);
  rd_kafka_poll_set_consumer(source->client_.get());
  source->queue_.reset(rd_kafka_queue_get_consumer(source->client_.get()));
  source->hops_.reset(rd_kafka_queue_new(source->client_.get()));
  rd_kafka_queue_cb_event_enable(source->hops_.get(), hops_arrived, source->queue_.get());
  source->assignment_.emplace(source->names_, source->client_.get(), source->hops_.get());

  const KafkaPartitions topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), config.input_topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto code = rd_kafka_subscribe(source->client_.get(), topics.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Verdict::Fatal, fmt::format("subscribe to {}: {}", config.input_topic, rd_kafka_err2str(code)));
  }
  return source;
}

KafkaSource::KafkaSource(const EngineConfig& config, std::string display_name, KafkaStatistics& statistics,
                         RebalanceListener& listener)
    : names_(config),
      group_(config.app_id),
      display_name_(std::move(display_name)),
      statistics_(statistics),
      listener_(listener) {
  messages_.reserve(kBatch);
}

KafkaSource::~KafkaSource() {
  release_messages();
  if (hops_) rd_kafka_queue_cb_event_enable(hops_.get(), nullptr, nullptr);
  if (!client_ || may_be_destroyed()) return;
  spdlog::info("{}: closed before its first assignment; librdkafka {} can't free it", display_name_,
               rd_kafka_version_str());
  left_alone.fetch_add(1);
  // Its threads have nothing more to say, and may be the last to say something.
  rd_kafka_set_log_level(client_.get(), 0);
  [[maybe_unused]] rd_kafka_t* left = client_.release();
}

bool KafkaSource::may_be_destroyed() const {
  return rd_kafka_version() >= kDestroysUnassigned || answered_ || !entered_;
}

/// Notes whether the group has taken us in. Its client forgets the generation or the member id when it is refused
/// later, never both at once.
void KafkaSource::look_at_membership() {
  const KafkaMembership membership(KafkaGroupMetadata(rd_kafka_consumer_group_metadata(client_.get())));
  entered_ = entered_ || membership.entered();
}

/// Any thread of the library. Whoever waits for the main queue has something to do.
void KafkaSource::hops_arrived(rd_kafka_t*, void* opaque) {
  rd_kafka_queue_yield(static_cast<rd_kafka_queue_t*>(opaque));
}

/// Fills messages_ from `from` to `until` with what is at hand; returns where that ends.
std::size_t KafkaSource::take(const KafkaQueue& queue, std::size_t from, std::size_t until) {
  static const bool batches_lose_records = rd_kafka_version() >= kBatchesLoseRecords;
  if (!batches_lose_records) {
    const auto taken = rd_kafka_consume_batch_queue(queue.get(), 0, messages_.data() + from, until - from);
    return from + static_cast<std::size_t>(std::max<ssize_t>(0, taken));
  }
  while (from < until) {
    rd_kafka_message_t* message = rd_kafka_consume_queue(queue.get(), 0);
    if (message == nullptr) break;
    messages_[from++] = message;
  }
  return from;
}

void KafkaSource::release_messages() {
  last_topic_ = nullptr;  // may be another one's address when the last message of this one is gone
  for (rd_kafka_message_t* message : messages_) rd_kafka_message_destroy(message);
  messages_.clear();
  records_.clear();
  record_headers_.clear();
  headers_.clear();
  ends_.clear();
  broken_.clear();
}

Result<Batch> KafkaSource::poll(Duration wait) {
  release_messages();
  if (!given_up_.ok()) return given_up_;
  if (!answered_) {
    // On its way into the group the client looks at where it stands once a second, or whenever it is asked something.
    look_at_membership();
    wait = std::min(wait, kJoiningWait);
  }
  messages_.resize(kBatch);
  std::size_t taken = take(queue_, take(hops_, 0, kBatch / 2), kBatch);
  if (taken == 0 && wait.count() > 0) {
    // A batch call waits until it is full; this one returns with the first message, or when hops have arrived.
    if (rd_kafka_message_t* first = rd_kafka_consume_queue(queue_.get(), ms(wait))) messages_[taken++] = first;
    taken = take(queue_, take(hops_, taken, kBatch / 2), kBatch);
  }
  messages_.resize(taken);
  for (rd_kafka_message_t* message : messages_) {
    if (Status status = take_in(message); !status.ok()) return status;
  }
  // Only now, since the vector of headers has stopped moving.
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const auto [begin, count] = record_headers_[i];
    records_[i].record.headers = std::span(headers_).subspan(begin, count);
  }
  note_what_is_handed_out();
  return Batch{records_, ends_, broken_};
}

void KafkaSource::note_what_is_handed_out() {
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const bool last_of_its_log = i + 1 == records_.size() || records_[i + 1].log != records_[i].log;
    if (last_of_its_log) assignment_->handed_out({records_[i].log, records_[i].offset + 1});
  }
  for (const LogPosition& end : ends_) assignment_->handed_out(end);
  for (const LogPartition& log : broken_) assignment_->broken(log);
}

Status KafkaSource::take_in(rd_kafka_message_t* message) {
  if (message->rkt == nullptr) return read_error(*message);
  if (message->rkt != last_topic_) {
    last_topic_ = message->rkt;
    last_channel_ = names_.channel_of(rd_kafka_topic_name(message->rkt));
  }
  const LogPartition log{last_channel_, message->partition};
  switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      got_through(names_.of(log.channel));
      read_record(*message, log);
      return {};
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      got_through(names_.of(log.channel));
      ends_.push_back({log, message->offset});
      return {};
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
      broken_.push_back(log);
      return {};
    default:
      return read_error(*message);
  }
}

void KafkaSource::read_record(const rd_kafka_message_t& message, LogPartition log) {
  Fetched& fetched = records_.emplace_back();
  fetched.log = log;
  fetched.offset = message.offset;
  Record& record = fetched.record;
  record.topic = names_.input;
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp = timestamp_from_ms(std::max<std::int64_t>(0, rd_kafka_message_timestamp(&message, nullptr)));
  record.key = view(message.key, message.key_len);
  record.value = view(message.payload, message.len);

  const std::size_t begin = headers_.size();
  visit_headers(message, [&](std::string_view name, std::optional<std::string_view> value) {
    const bool ours = log.channel == Channel::Repartition && name == kOriginHeader && value;
    if (!ours || !read_origin(*value, record)) headers_.push_back({name, value});
  });
  record_headers_.emplace_back(begin, headers_.size() - begin);
}

Status KafkaSource::read_error(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR__FATAL) {
    std::array<char, 512> text{};
    const auto code = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
    const bool fenced = code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
    return {fenced ? Verdict::Fenced : Verdict::Fatal,
            fmt::format("the consumer can't go on: {} ({})", text.data(), rd_kafka_err2name(code))};
  }
  const bool of_group = message.rkt == nullptr && message.err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
  const std::string where = message.rkt != nullptr ? rd_kafka_topic_name(message.rkt)
                            : of_group             ? group_
                                                   : names_.input;
  const Status status = kafka_status(message.err, fmt::format("consumer: {}", rd_kafka_message_errstr(&message)),
                                     fmt::format("Read on the {} {}", of_group ? "consumer group" : "topic", where));
  spdlog::warn("{}", status.message());
  if (denies_a_right(status)) denials_[where] = status.message();
  return {};
}

/// Called inside poll() and close(). 0: the library frees its text.
int KafkaSource::told(rd_kafka_t*, char* json, std::size_t size, void* opaque) {
  auto* source = static_cast<KafkaSource*>(opaque);
  source->statistics_.keep(source->display_name_, {json, size});
  return 0;
}

void KafkaSource::rebalance(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list,
                            void* opaque) {
  static_cast<KafkaSource*>(opaque)->on_rebalance(code, *list);
}

void KafkaSource::on_rebalance(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t& list) {
  std::vector<Partition> inputs;
  for (int i = 0; i < list.cnt; ++i) inputs.push_back(list.elems[i].partition);
  got_through(group_);
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    answered_ = true;
    if (const Status status = assignment_->accept(); !status.ok()) spdlog::error("{}", status.message());
    listener_.on_assigned(inputs);
    return;
  }
  // The list names the input partitions only; what else hangs on them goes with them, in the one call that answers.
  const bool lost = code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS || rd_kafka_assignment_lost(client_.get()) != 0;
  if (lost) {
    listener_.on_lost(inputs);
  } else {
    listener_.on_revoked(inputs);
  }
  std::vector<LogPartition> logs;
  for (const Partition input : inputs) {
    logs.push_back({Channel::Input, input});
    logs.push_back({Channel::Repartition, input});
  }
  if (const Status status = assignment_->give_up(logs); !status.ok()) spdlog::error("{}", status.message());
}

Status KafkaSource::assign(std::span<const LogPosition> positions) {
  Status status = assignment_->read(positions);
  if (status.verdict() == Verdict::Fenced) given_up_ = status;
  return status;
}

Status KafkaSource::stop(std::span<const LogPartition> logs) { return assignment_->stop(logs); }

std::unique_ptr<Membership> KafkaSource::membership() {
  return std::make_unique<KafkaMembership>(KafkaGroupMetadata(rd_kafka_consumer_group_metadata(client_.get())));
}

Status KafkaSource::commit_offsets(std::span<const LogPosition> positions) {
  return kafka_status(rd_kafka_commit(client_.get(), names_.list(positions).get(), 0), "commit of offsets",
                      fmt::format("Read on the consumer group {}", group_));
}

void KafkaSource::close(bool leave, Duration limit) {
  release_messages();
  const auto deadline = std::chrono::steady_clock::now() + limit;
  const auto in_time = [&] { return std::chrono::steady_clock::now() < deadline; };
  const auto serve = [this] { const KafkaMessage dropped(rd_kafka_consume_queue(queue_.get(), 10)); };
  if (leave) {
    // A static member that only closes keeps its partitions for the session; one that unsubscribes gives them up.
    rd_kafka_unsubscribe(client_.get());
    const auto assigned = [this] {
      rd_kafka_topic_partition_list_t* raw = nullptr;
      if (rd_kafka_assignment(client_.get(), &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
      const KafkaPartitions list(raw);
      return list->cnt > 0;
    };
    while (assigned() && in_time()) serve();
  }
  const KafkaErrorPtr error(rd_kafka_consumer_close_queue(client_.get(), queue_.get()));
  // From here on it takes no answer to a JoinGroup any more.
  if (!answered_) look_at_membership();
  while (!error && rd_kafka_consumer_closed(client_.get()) == 0 && in_time()) serve();
}

void KafkaSource::wake() { rd_kafka_queue_yield(queue_.get()); }

}  // namespace ebc::topology
