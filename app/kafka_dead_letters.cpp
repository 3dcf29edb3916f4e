#include "app/kafka_dead_letters.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/exit_codes.h"
#include "app/kafka_client.h"
#include "topology/kafka_headers.h"

namespace ebc::app {
namespace {

constexpr std::size_t kLettersATransaction = 1'000;
constexpr std::string_view kReceiptHeader = "dlq.replayed";

std::optional<std::string> bytes_of(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

std::string place_of(Partition partition, Offset offset) { return fmt::format("{}/{}", partition, offset); }

/// The letter, or the place of the letter that it is the receipt of.
DeadLetter read_letter(rd_kafka_message_t* message, std::string& receipt) {
  DeadLetter letter;
  letter.partition = message->partition;
  letter.offset = message->offset;
  letter.time = timestamp_from_ms(rd_kafka_message_timestamp(message, nullptr));
  letter.key = bytes_of(message->key, message->key_len);
  letter.value = bytes_of(message->payload, message->len);
  std::map<std::string, std::string> said;
  topology::visit_headers(*message, [&](std::string_view name, std::optional<std::string_view> value) {
    if (name.starts_with("dlq.")) {
      said[std::string(name)] = value.value_or("");
    } else {
      letter.headers.emplace_back(name, value);
    }
  });
  receipt = said[std::string(kReceiptHeader)];
  letter.reason = said["dlq.reason"];
  letter.detail = said["dlq.detail"];
  letter.origin = fmt::format("{}/{}/{}", said["dlq.topic"], said["dlq.partition"], said["dlq.offset"]);
  return letter;
}

}  // namespace

class DeadLetterTopic::Impl {
 public:
  Impl(BusSettings settings, std::string app_id)
      : settings_(std::move(settings)), app_id_(std::move(app_id)), topic_(app_id_ + "-dead-letter") {}

  ~Impl() {
    if (reader_ != nullptr) rd_kafka_consumer_close(reader_.get());
  }

  const std::string& topic() const { return topic_; }

  BusError read(std::vector<DeadLetter>& letters) {
    BusError error;
    reader_ = make_reader(settings_, reader_reports_, error);
    if (error.failed()) return error;
    int partitions = 0;
    if (error = find_topic(reader_.get(), settings_, topic_, reader_reports_, partitions); error.failed()) return error;
    const Owned<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(partitions));
    for (Partition partition = 0; partition < partitions; ++partition) {
      rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_assign(reader_.get(), list.get());
    std::set<std::string> receipts;
    std::set<Partition> open;
    for (Partition partition = 0; partition < partitions; ++partition) open.insert(partition);
    auto silent_since = std::chrono::steady_clock::now();
    while (!open.empty()) {
      const Owned<rd_kafka_message_t> message(rd_kafka_consumer_poll(reader_.get(), 200));
      if (message == nullptr) {
        if (std::chrono::steady_clock::now() - silent_since > settings_.timeout) {
          return unreachable(settings_, reader_reports_, "the dead letters can't be read");
        }
        continue;
      }
      silent_since = std::chrono::steady_clock::now();
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        open.erase(message->partition);
      } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::string receipt;
        DeadLetter letter = read_letter(message.get(), receipt);
        receipt.empty() ? letters.push_back(std::move(letter)) : void(receipts.insert(receipt));
      } else if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        return {kExitKafka, fmt::format("Kafka doesn't let us read topic {}; grant Read on it", topic_)};
      }
    }
    for (DeadLetter& letter : letters) letter.replayed = receipts.contains(place_of(letter.partition, letter.offset));
    std::stable_sort(letters.begin(), letters.end(),
                     [](const DeadLetter& a, const DeadLetter& b) { return a.time < b.time; });
    return {};
  }

  BusError replay(const std::vector<const DeadLetter*>& letters, const std::string& topic, std::size_t& sent) {
    sent = 0;
    if (BusError error = open_producer(topic); error.failed()) return error;
    while (sent < letters.size()) {
      const std::size_t until = std::min(letters.size(), sent + kLettersATransaction);
      if (BusError error = replay_some(letters, sent, until, topic); error.failed()) return error;
      sent = until;
    }
    return {};
  }

 private:
  int timeout_ms() const { return static_cast<int>(settings_.timeout.count()); }

  BusError open_producer(const std::string& topic) {
    ConfBuilder conf(producer_reports_);
    conf.pass_through(settings_, "producer");
    conf.set("acks", "all");
    conf.set("enable.idempotence", "true");
    conf.set("transactional.id", app_id_ + "-replay");
    conf.set("partitioner", "murmur2_random");
    conf.set("allow.auto.create.topics", "false");
    // As large as the broker takes it: what was refused once must not be refused by us.
    conf.set("message.max.bytes", "1000000000");
    BusError error;
    producer_ = conf.make(RD_KAFKA_PRODUCER, error);
    int partitions = 0;
    if (!error.failed()) error = find_topic(producer_.get(), settings_, topic, producer_reports_, partitions);
    if (error.failed()) return error;
    return failure(rd_kafka_init_transactions(producer_.get(), timeout_ms()), "the start of the replay");
  }

  BusError failure(rd_kafka_error_t* raw, const char* what) const {
    const Owned<rd_kafka_error_t> error(raw);
    if (error == nullptr) return {};
    return {kExitFailed, fmt::format("{}: {}", what, rd_kafka_error_string(error.get()))};
  }

  BusError replay_some(const std::vector<const DeadLetter*>& letters, std::size_t from, std::size_t until,
                       const std::string& topic) {
    producer_reports_.delivery = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (BusError error = failure(rd_kafka_begin_transaction(producer_.get()), "a transaction"); error.failed()) {
      return error;
    }
    rd_kafka_resp_err_t refused = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (std::size_t i = from; i < until && refused == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      refused = produce(topic, *letters[i]);
      if (refused == RD_KAFKA_RESP_ERR_NO_ERROR) refused = produce(topic_, receipt_of(*letters[i], topic));
    }
    if (refused == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_flush(producer_.get(), timeout_ms());
      refused = producer_reports_.delivery;
    }
    if (refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
      (void)failure(rd_kafka_abort_transaction(producer_.get(), timeout_ms()), "");
      return {kExitFailed, fmt::format("topic {} refused a letter: {}; this transaction counts for nothing", topic,
                                       rd_kafka_err2str(refused))};
    }
    return failure(rd_kafka_commit_transaction(producer_.get(), timeout_ms()), "the commit of the replay");
  }

  static DeadLetter receipt_of(const DeadLetter& letter, const std::string& topic) {
    DeadLetter receipt;
    receipt.headers = {{"dlq.reason", "replayed"},
                       {"dlq.detail", "sent to " + topic},
                       {std::string(kReceiptHeader), place_of(letter.partition, letter.offset)}};
    return receipt;
  }

  rd_kafka_resp_err_t produce(const std::string& topic, const DeadLetter& letter) {
    rd_kafka_headers_t* headers = rd_kafka_headers_new(letter.headers.size());
    for (const auto& [name, value] : letter.headers) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                          value ? static_cast<ssize_t>(value->size()) : 0);
    }
    const auto data = [](const std::optional<std::string>& text) -> void* {
      return text ? const_cast<char*>(text->data()) : nullptr;
    };
    const auto size = [](const std::optional<std::string>& text) { return text ? text->size() : 0; };
    const auto code = rd_kafka_producev(
        producer_.get(), RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_KEY(data(letter.key), size(letter.key)),
        RD_KAFKA_V_VALUE(data(letter.value), size(letter.value)), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers);
    return code;
  }

  const BusSettings settings_;
  const std::string app_id_, topic_;
  Reports reader_reports_, producer_reports_;
  Owned<rd_kafka_t> reader_, producer_;
};

DeadLetterTopic::DeadLetterTopic(BusSettings settings, std::string app_id)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(app_id))) {}
DeadLetterTopic::~DeadLetterTopic() = default;
std::string DeadLetterTopic::topic() const { return impl_->topic(); }
BusError DeadLetterTopic::read(std::vector<DeadLetter>& letters) { return impl_->read(letters); }
BusError DeadLetterTopic::replay(const std::vector<const DeadLetter*>& letters, const std::string& topic,
                                 std::size_t& sent) {
  return impl_->replay(letters, topic, sent);
}

}  // namespace ebc::app
