#include "app/kafka_bus.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <random>

#include "app/exit_codes.h"

namespace ebc::app {
namespace {

struct Free {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// What the callbacks of a handle leave behind for the thread that polls it.
struct Reports {
  std::string last_error;  // of a connection: what to tell when time runs out
  std::string refused;     // authentication or authorisation: no use to go on
  bool delivered = false;
  rd_kafka_resp_err_t delivery = RD_KAFKA_RESP_ERR_NO_ERROR;
};

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto& reports = *static_cast<Reports*>(opaque);
  reports.last_error = reason;
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL) reports.refused = reason;
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& reports = *static_cast<Reports*>(opaque);
  reports.delivered = true;
  reports.delivery = message->err;
}

// Any thread; spdlog is made for that.
void on_log(const rd_kafka_t*, int, const char* facility, const char* text) { spdlog::debug("{}: {}", facility, text); }

BusError usage(std::string message) { return {kExitUsage, std::move(message)}; }

class ConfBuilder {
 public:
  explicit ConfBuilder(Reports& reports) : conf_(rd_kafka_conf_new()) {
    rd_kafka_conf_set_opaque(conf_.get(), &reports);
    rd_kafka_conf_set_error_cb(conf_.get(), on_error);
    rd_kafka_conf_set_log_cb(conf_.get(), on_log);
  }

  // The user's settings first: ours, on which the command stands, win.
  void pass_through(const BusSettings& settings, std::string_view scope) {
    for (const auto& setting : settings.kafka) {
      if (setting.scope.empty() || setting.scope == scope) set(setting.name, setting.value);
    }
    set("bootstrap.servers", settings.brokers);
    set("client.id", "eb-collector-cli");
  }

  void set(const std::string& name, const std::string& value) {
    char why[256];
    if (rd_kafka_conf_set(conf_.get(), name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK &&
        !error_.failed()) {
      error_ = usage(fmt::format("--kafka {}: {}", name, why));
    }
  }

  rd_kafka_conf_t* get() { return conf_.get(); }

  Owned<rd_kafka_t> make(rd_kafka_type_t type, BusError& error) {
    error = error_;
    if (error.failed()) return nullptr;
    char why[512];
    Owned<rd_kafka_t> handle(rd_kafka_new(type, conf_.get(), why, sizeof why));
    if (handle == nullptr) {
      error = usage(fmt::format("the Kafka client can't be made: {}", why));
    } else {
      (void)conf_.release();  // now the handle's
    }
    return handle;
  }

 private:
  Owned<rd_kafka_conf_t> conf_;
  BusError error_;
};

BusError unreachable(const BusSettings& settings, const Reports& reports, const char* what) {
  if (!reports.refused.empty()) {
    return {kExitKafka, fmt::format("Kafka at {} refuses us: {}", settings.brokers, reports.refused)};
  }
  return {kExitKafka, fmt::format("Kafka at {} was not reached within --start-timeout ({}); is it running, and is "
                                  "--brokers right?",
                                  settings.brokers, reports.last_error.empty() ? what : reports.last_error.c_str())};
}

// Asks in short turns, so that a refusal ends the wait at once.
BusError find_topic(rd_kafka_t* handle, const BusSettings& settings, const std::string& topic, Reports& reports,
                    int& partitions) {
  const Owned<rd_kafka_topic_t> asked(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  const auto deadline = std::chrono::steady_clock::now() + settings.timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return unreachable(settings, reports, "no answer");
    const rd_kafka_metadata_t* raw = nullptr;
    const auto code =
        rd_kafka_metadata(handle, 0, asked.get(), &raw, static_cast<int>(std::min<std::int64_t>(left, 1'000)));
    rd_kafka_poll(handle, 0);
    if (!reports.refused.empty()) return unreachable(settings, reports, "refused");
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const std::unique_ptr<const rd_kafka_metadata_t, Free> metadata(raw);
    const auto& found = metadata->topics[0];
    if (found.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) continue;
    if (found.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
      return {kExitKafka, fmt::format("Kafka doesn't let us see topic {}; grant Describe on it", topic)};
    }
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR || found.partition_cnt == 0) {
      return usage(fmt::format("topic {} at {}: {}; eb-collector topics --create-topics=all makes it", topic,
                               settings.brokers, rd_kafka_err2str(found.err)));
    }
    partitions = found.partition_cnt;
    return {};
  }
}

}  // namespace

class BusProducer::Impl {
 public:
  explicit Impl(const BusSettings& settings) : settings_(settings) {}

  BusError open() {
    ConfBuilder conf(reports_);
    conf.pass_through(settings_, "producer");
    conf.set("acks", "all");
    conf.set("enable.idempotence", "true");
    conf.set("partitioner", "murmur2_random");
    conf.set("linger.ms", "0");
    conf.set("allow.auto.create.topics", "false");
    conf.set("message.timeout.ms", fmt::format("{}", settings_.timeout.count()));
    rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
    BusError error;
    handle_ = conf.make(RD_KAFKA_PRODUCER, error);
    int partitions = 0;
    return error.failed() ? error : find_topic(handle_.get(), settings_, settings_.topic, reports_, partitions);
  }

  BusError send(std::string_view key, std::string_view value) {
    reports_.delivered = false;
    auto code = rd_kafka_producev(handle_.get(), RD_KAFKA_V_TOPIC(settings_.topic.c_str()),
                                  RD_KAFKA_V_KEY(key.data(), key.size()),
                                  RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    // Ends by itself: message.timeout.ms brings a delivery report at the latest.
    while (code == RD_KAFKA_RESP_ERR_NO_ERROR && !reports_.delivered) rd_kafka_poll(handle_.get(), 100);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) code = reports_.delivery;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    if (code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) return unreachable(settings_, reports_, "no acknowledgement");
    return {kExitFailed, fmt::format("topic {} refused the event: {}", settings_.topic, rd_kafka_err2str(code))};
  }

 private:
  const BusSettings settings_;
  Reports reports_;
  Owned<rd_kafka_t> handle_;
};

BusProducer::BusProducer(const BusSettings& settings) : impl_(std::make_unique<Impl>(settings)) {}
BusProducer::~BusProducer() = default;
BusError BusProducer::open() { return impl_->open(); }
BusError BusProducer::send(std::string_view key, std::string_view value) { return impl_->send(key, value); }

class BusFollower::Impl {
 public:
  Impl(const BusSettings& settings, std::string topic) : settings_(settings), topic_(std::move(topic)) {}
  ~Impl() {
    if (handle_ != nullptr) rd_kafka_consumer_close(handle_.get());
  }

  BusError open() {
    ConfBuilder conf(reports_);
    conf.pass_through(settings_, "consumer");
    // librdkafka wants a group to assign partitions by hand; nothing is ever joined or committed.
    conf.set("group.id", fmt::format("eb-collector-cli-{:08x}", std::random_device{}()));
    conf.set("enable.auto.commit", "false");
    conf.set("isolation.level", "read_committed");
    conf.set("fetch.wait.max.ms", "50");
    conf.set("allow.auto.create.topics", "false");
    BusError error;
    handle_ = conf.make(RD_KAFKA_CONSUMER, error);
    if (error.failed()) return error;
    rd_kafka_poll_set_consumer(handle_.get());
    int partitions = 0;
    error = find_topic(handle_.get(), settings_, topic_, reports_, partitions);
    return error.failed() ? error : assign_ends(partitions);
  }

  std::optional<BusRecord> next(Duration wait, BusError& error) {
    message_.reset(rd_kafka_consumer_poll(handle_.get(), static_cast<int>(wait.count())));
    if (message_ == nullptr) return std::nullopt;
    if (message_->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (!reports_.refused.empty() || message_->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
          message_->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || message_->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
        error = {kExitKafka,
                 fmt::format("topic {} can't be read: {}", topic_, rd_kafka_message_errstr(message_.get()))};
      }
      return std::nullopt;
    }
    const auto bytes = [](const void* data, std::size_t size) {
      return data == nullptr ? std::string_view{} : std::string_view(static_cast<const char*>(data), size);
    };
    return BusRecord{bytes(message_->key, message_->key_len), bytes(message_->payload, message_->len),
                     timestamp_from_ms(rd_kafka_message_timestamp(message_.get(), nullptr)), message_->partition,
                     message_->offset};
  }

 private:
  BusError assign_ends(int partitions) {
    const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
    for (Partition partition = 0; partition < partitions; ++partition) {
      std::int64_t low = 0, high = 0;
      const auto code = rd_kafka_query_watermark_offsets(handle_.get(), topic_.c_str(), partition, &low, &high,
                                                         static_cast<int>(settings_.timeout.count()));
      if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return unreachable(settings_, reports_, rd_kafka_err2str(code));
      rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = high;
    }
    const auto code = rd_kafka_assign(handle_.get(), list.get());
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? BusError{} : BusError{kExitFailed, rd_kafka_err2str(code)};
  }

  const BusSettings settings_;
  const std::string topic_;
  Reports reports_;
  Owned<rd_kafka_t> handle_;
  Owned<rd_kafka_message_t> message_;
};

BusFollower::BusFollower(const BusSettings& settings, std::string topic)
    : impl_(std::make_unique<Impl>(settings, std::move(topic))) {}
BusFollower::~BusFollower() = default;
BusError BusFollower::open() { return impl_->open(); }
std::optional<BusRecord> BusFollower::next(Duration wait, BusError& error) { return impl_->next(wait, error); }

}  // namespace ebc::app
