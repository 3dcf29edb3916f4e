#include "app/kafka_tail.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <random>
#include <thread>

#include "topology/client_version.h"
#include "topology/kafka_headers.h"

namespace ebc::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kInterest = std::chrono::seconds(60);
constexpr auto kPatience = std::chrono::seconds(5);
constexpr int kPollMs = 50;
constexpr int kAskMs = 3'000;

struct Destroy {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
};
template <typename T>
using Owned = std::unique_ptr<T, Destroy>;

void on_log(const rd_kafka_t*, int, const char* facility, const char* text) { spdlog::debug("{}: {}", facility, text); }

Status retry(std::string why) { return {Verdict::Retry, std::move(why)}; }

}  // namespace

class KafkaTail::Impl {
 public:
  Impl(BusSettings settings, std::string topic, std::size_t records, std::size_t value_bytes)
      : settings_(std::move(settings)), topic_(std::move(topic)), records_(records), value_bytes_(value_bytes) {
    thread_ = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void latest(std::size_t limit, Done done) {
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back({limit, std::move(done), SteadyClock::now()});
      wanted_until_ = SteadyClock::now() + kInterest;
    }
    changed_.notify_all();
  }

 private:
  struct Asked {
    std::size_t limit = 0;
    Done done;
    SteadyClock::time_point since;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      changed_.wait(lock, [this] { return stopping_ || !asked_.empty() || SteadyClock::now() < wanted_until_; });
      if (stopping_) break;
      if (SteadyClock::now() >= wanted_until_ && asked_.empty()) {
        lock.unlock();
        close();
        lock.lock();
        continue;
      }
      lock.unlock();
      turn();
      lock.lock();
    }
    lock.unlock();
    close();
    answer(retry("stopping"));
  }

  void turn() {
    if (handle_ == nullptr) {
      if (const Status status = open(); !status.ok()) {
        close();
        answer(status);
        return;
      }
    }
    for (;;) {
      const Owned<rd_kafka_message_t> message(rd_kafka_consumer_poll(handle_.get(), kPollMs));
      if (message == nullptr) break;
      at_end_ = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) break;
      keep(*message);
    }
    if (at_end_) {
      answer(Status{});
    } else if (overdue()) {
      answer(retry(fmt::format("topic {} was not read to its end in time", topic_)));
    }
  }

  void keep(const rd_kafka_message_t& message) {
    TailRecord record{.offset = message.offset,
                      .time = timestamp_from_ms(rd_kafka_message_timestamp(&message, nullptr)),
                      .key = std::nullopt,
                      .value = std::nullopt,
                      .value_bytes = message.len,
                      .headers = {}};
    const auto text = [this](const void* data, std::size_t size) {
      return std::string(static_cast<const char*>(data), std::min(size, value_bytes_));
    };
    if (message.key != nullptr) record.key = text(message.key, message.key_len);
    if (message.payload != nullptr) record.value = text(message.payload, message.len);
    topology::visit_headers(message, [&](std::string_view name, std::optional<std::string_view> value) {
      record.headers.emplace_back(name, std::string(value.value_or("").substr(0, value_bytes_)));
    });
    kept_.push_back(std::move(record));
    if (kept_.size() > records_) kept_.pop_front();
  }

  bool overdue() {
    const std::lock_guard lock(mutex_);
    return !asked_.empty() && SteadyClock::now() - asked_.front().since > kPatience;
  }

  void answer(const Status& status) {
    std::vector<Asked> asked;
    {
      const std::lock_guard lock(mutex_);
      asked.swap(asked_);
    }
    for (auto& one : asked) {
      if (!status.ok()) {
        one.done(status);
        continue;
      }
      const auto count = static_cast<std::ptrdiff_t>(std::min(one.limit, kept_.size()));
      one.done(std::vector<TailRecord>(kept_.rbegin(), kept_.rbegin() + count));
    }
  }

  Status open() {
    Owned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
    const auto set = [&](const std::string& name, const std::string& value) {
      char why[256];
      if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
        spdlog::debug("http: {}", why);
      }
    };
    for (const auto& setting : settings_.kafka) {
      if (setting.scope.empty() || setting.scope == "consumer") set(setting.name, setting.value);
    }
    set("bootstrap.servers", settings_.brokers);
    set("client.id", "eb-collector-http");
    // librdkafka wants a group to assign partitions by hand; nothing is ever joined or committed.
    set("group.id", fmt::format("eb-collector-http-{:08x}", std::random_device{}()));
    set("enable.auto.commit", "false");
    set("enable.partition.eof", "true");
    set("isolation.level", "read_committed");
    set("allow.auto.create.topics", "false");
    set("queued.max.messages.kbytes", "4096");
    if (rd_kafka_version() >= topology::kHasQueueBackoff) set("fetch.queue.backoff.ms", "5");
    set("fetch.message.max.bytes", "1048576");
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    char why[512];
    handle_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why, sizeof why));
    if (handle_ == nullptr) return retry(fmt::format("the Kafka client can't be made: {}", why));
    (void)conf.release();  // the handle's now
    rd_kafka_poll_set_consumer(handle_.get());
    std::int64_t low = 0, high = 0;
    const auto asked = rd_kafka_query_watermark_offsets(handle_.get(), topic_.c_str(), 0, &low, &high, kAskMs);
    if (asked != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return retry(fmt::format("topic {} can't be read: {}", topic_, rd_kafka_err2str(asked)));
    }
    // Transactions leave markers behind, which take offsets, too.
    const auto reach = static_cast<Offset>(3 * records_);
    const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), 0)->offset = std::max(low, high - reach);
    const auto code = rd_kafka_assign(handle_.get(), list.get());
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? Status{} : retry(rd_kafka_err2str(code));
  }

  void close() {
    if (handle_ != nullptr) rd_kafka_consumer_close(handle_.get());
    handle_.reset();
    kept_.clear();
    at_end_ = false;
  }

  const BusSettings settings_;
  const std::string topic_;
  const std::size_t records_, value_bytes_;

  // The thread's own.
  Owned<rd_kafka_t> handle_;
  std::deque<TailRecord> kept_;
  bool at_end_ = false;  ///< all that is committed has been read

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Asked> asked_;  // guarded by mutex_, as the two below
  SteadyClock::time_point wanted_until_{};
  bool stopping_ = false;
  std::thread thread_;
};

KafkaTail::KafkaTail(BusSettings settings, std::string topic, std::size_t records, std::size_t value_bytes)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(topic), records, value_bytes)) {}
KafkaTail::~KafkaTail() = default;
void KafkaTail::latest(std::size_t limit, Done done) { impl_->latest(limit, std::move(done)); }

}  // namespace ebc::app
