#include "app/kafka_sender.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace ebc::app {
namespace {

// How long a call may wait for the acknowledgement before it is told that Kafka isn't there.
constexpr auto kPatience = "8000";
constexpr auto kMostWaiting = "20000";
constexpr int kPollMs = 100;
constexpr int kCloseMs = 500;

struct Destroy {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};

struct Pending {
  KafkaSender::Done done;
};

Status refused(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return {Verdict::Retry, fmt::format("Kafka did not acknowledge the command: {}", rd_kafka_err2str(code))};
    default:
      return {Verdict::Fatal, fmt::format("Kafka refuses the command: {}", rd_kafka_err2str(code))};
  }
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  const std::unique_ptr<Pending> pending(static_cast<Pending*>(message->_private));
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return pending->done(refused(message->err));
  pending->done(SentTo{message->partition, message->offset});
}

void on_log(const rd_kafka_t*, int, const char* facility, const char* text) { spdlog::debug("{}: {}", facility, text); }

}  // namespace

class KafkaSender::Impl {
 public:
  explicit Impl(BusSettings settings) : settings_(std::move(settings)) {}

  ~Impl() {
    stop_.store(true);
    if (thread_.joinable()) thread_.join();
    if (handle_ == nullptr) return;
    rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(handle_.get(), kCloseMs);
  }

  void send(const std::string& group, const std::string& event, const Headers& headers, Done done) {
    if (const Status status = open(); !status.ok()) return done(status);
    auto* list = rd_kafka_headers_new(headers.size());
    for (const auto& [name, value] : headers) {
      rd_kafka_header_add(list, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    }
    auto pending = std::make_unique<Pending>(Pending{std::move(done)});
    const auto code = rd_kafka_producev(
        handle_.get(), RD_KAFKA_V_TOPIC(settings_.topic.c_str()), RD_KAFKA_V_KEY(group.data(), group.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(event.data()), event.size()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(list), RD_KAFKA_V_OPAQUE(pending.get()), RD_KAFKA_V_END);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      (void)pending.release();  // the delivery report's now
      return;
    }
    rd_kafka_headers_destroy(list);
    pending->done(refused(code));
  }

 private:
  Status open() {
    const std::lock_guard lock(mutex_);
    if (handle_ != nullptr) return {};
    std::unique_ptr<rd_kafka_conf_t, Destroy> conf(rd_kafka_conf_new());
    std::string fault;
    const auto set = [&](const std::string& name, const std::string& value) {
      char why[256];
      if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) fault = why;
    };
    // The user's settings first: ours, on which the answer stands, win.
    for (const auto& setting : settings_.kafka) {
      if (setting.scope.empty() || setting.scope == "producer") set(setting.name, setting.value);
    }
    set("bootstrap.servers", settings_.brokers);
    set("client.id", "eb-collector-http");
    set("acks", "all");
    set("enable.idempotence", "true");
    set("partitioner", "murmur2_random");
    set("linger.ms", "2");
    set("allow.auto.create.topics", "false");
    set("message.timeout.ms", kPatience);
    set("queue.buffering.max.messages", kMostWaiting);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    if (!fault.empty()) return {Verdict::Fatal, fmt::format("--kafka: {}", fault)};
    char why[512];
    handle_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why, sizeof why));
    if (handle_ == nullptr) return {Verdict::Fatal, fmt::format("the Kafka client can't be made: {}", why)};
    (void)conf.release();  // the handle's now
    thread_ = std::thread([this] {
      while (!stop_.load()) rd_kafka_poll(handle_.get(), kPollMs);
    });
    return {};
  }

  const BusSettings settings_;
  std::mutex mutex_;
  std::unique_ptr<rd_kafka_t, Destroy> handle_;  // set once, under mutex_; a Kafka handle is for any thread
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

KafkaSender::KafkaSender(BusSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
KafkaSender::~KafkaSender() = default;
void KafkaSender::send(const std::string& group, const std::string& event, const Headers& headers, Done done) {
  impl_->send(group, event, headers, std::move(done));
}

}  // namespace ebc::app
