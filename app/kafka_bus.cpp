#include "app/kafka_bus.h"

#include <fmt/format.h>

#include <random>

#include "app/exit_codes.h"
#include "app/kafka_client.h"

namespace ebc::app {
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
    BusError error;
    handle_ = conf.make(RD_KAFKA_PRODUCER, error);
    int partitions = 0;
    return error.failed() ? error : find_topic(handle_.get(), settings_, settings_.topic, reports_, partitions);
  }

  BusError send(std::string_view key, std::string_view value) {
    reports_.delivered = false;
    reports_.delivery = RD_KAFKA_RESP_ERR_NO_ERROR;
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
    BusError error;
    handle_ = make_reader(settings_, reports_, error);
    if (error.failed()) return error;
    int partitions = 0;
    error = find_topic(handle_.get(), settings_, topic_, reports_, partitions);
    return error.failed() ? error : assign_ends(partitions);
  }

  std::optional<BusRecord> next(Duration wait, BusError& error) {
    message_.reset(rd_kafka_consumer_poll(handle_.get(), static_cast<int>(wait.count())));
    if (message_ == nullptr) return std::nullopt;
    if (message_->err != RD_KAFKA_RESP_ERR_NO_ERROR) {  // the end of a partition is no failure
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
