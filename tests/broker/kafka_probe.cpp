#include "tests/broker/kafka_probe.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <stdexcept>

namespace ebc::broker_test {
namespace {

constexpr int kRequestMs = 10'000;
constexpr milliseconds kSlowDelivery{500};

using Message = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;
using PartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>;
using Queue = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;
using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, decltype(&rd_kafka_NewTopic_destroy)>;
using NewPartitions = std::unique_ptr<rd_kafka_NewPartitions_t, decltype(&rd_kafka_NewPartitions_destroy)>;
using DeleteTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, decltype(&rd_kafka_DeleteTopic_destroy)>;

[[noreturn]] void fail(const std::string& what, const char* why) {
  throw std::runtime_error(fmt::format("{}: {}", what, why));
}

void check(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(what, rd_kafka_err2str(error));
}

using DeliveryReport = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);

KafkaHandle make_handle(rd_kafka_type_t type, const Settings& settings, DeliveryReport report = nullptr,
                        void* opaque = nullptr) {
  char error[512] = "";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      fail(name, error);
    }
  }
  rd_kafka_conf_set_opaque(conf, opaque);
  if (report != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, report);
  KafkaHandle handle(rd_kafka_new(type, conf, error, sizeof error));
  if (!handle) {
    rd_kafka_conf_destroy(conf);
    fail("can't make a Kafka client", error);
  }
  return handle;
}

PartitionList partition_list(const std::string& topic, int partitions, std::int64_t offset = RD_KAFKA_OFFSET_INVALID) {
  PartitionList list(rd_kafka_topic_partition_list_new(partitions), rd_kafka_topic_partition_list_destroy);
  for (int p = 0; p < partitions; ++p) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), p)->offset = offset;
  return list;
}

Event wait_for_event(rd_kafka_queue_t* queue, const std::string& what) {
  Event event(rd_kafka_queue_poll(queue, kRequestMs + 5'000), rd_kafka_event_destroy);
  if (!event) fail(what, "no answer");
  check(rd_kafka_event_error(event.get()), what);
  return event;
}

AdminOptions admin_options(rd_kafka_t* handle, rd_kafka_admin_op_t operation) {
  AdminOptions options(rd_kafka_AdminOptions_new(handle, operation), rd_kafka_AdminOptions_destroy);
  char error[256];
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), kRequestMs, error, sizeof error);
  return options;
}

template <typename Visit>
void visit_topics(rd_kafka_t* handle, Visit visit) {
  const rd_kafka_metadata_t* metadata = nullptr;
  check(rd_kafka_metadata(handle, 1, nullptr, &metadata, kRequestMs), "can't list the topics");
  for (int i = 0; i < metadata->topic_cnt; ++i) visit(metadata->topics[i]);
  rd_kafka_metadata_destroy(metadata);
}

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

Headers headers_of(const rd_kafka_message_t* message) {
  Headers headers;
  rd_kafka_headers_t* list = nullptr;
  if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    headers.emplace_back(name, bytes(value, size).value_or(""));
  }
  return headers;
}

ConsumedRecord consumed(const rd_kafka_message_t* message) {
  return {.partition = message->partition,
          .offset = message->offset,
          .timestamp_ms = rd_kafka_message_timestamp(message, nullptr),
          .key = bytes(message->key, message->key_len),
          .value = bytes(message->payload, message->len),
          .headers = headers_of(message),
          .seen_ms = wall_clock_ms()};
}

}  // namespace

void KafkaHandleDeleter::operator()(rd_kafka_s* handle) const { rd_kafka_destroy(handle); }

KafkaAdmin::KafkaAdmin(std::string brokers)
    : brokers_(std::move(brokers)),
      handle_(make_handle(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers_}, {"log_level", "0"}})) {}

void KafkaAdmin::create_topic(const std::string& topic, int partitions, const Settings& config) const {
  char error[256] = "";
  NewTopic wanted(rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, error, sizeof error), rd_kafka_NewTopic_destroy);
  if (!wanted) fail(topic, error);
  for (const auto& [name, value] : config) rd_kafka_NewTopic_set_config(wanted.get(), name.c_str(), value.c_str());
  const Queue queue(rd_kafka_queue_new(handle_.get()), rd_kafka_queue_destroy);
  const auto options = admin_options(handle_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_NewTopic_t* list[] = {wanted.get()};
  rd_kafka_CreateTopics(handle_.get(), list, 1, options.get(), queue.get());
  const auto event = wait_for_event(queue.get(), "can't create " + topic);
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) check(rd_kafka_topic_result_error(results[i]), "can't create " + topic);
  if (!eventually(20s, [&] { return partitions_of(topic) == partitions; })) fail(topic, "created but not seen");
}

void KafkaAdmin::grow_topic(const std::string& topic, int partitions) const {
  char error[256] = "";
  const NewPartitions wanted(
      rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(partitions), error, sizeof error),
      rd_kafka_NewPartitions_destroy);
  if (!wanted) fail(topic, error);
  const Queue queue(rd_kafka_queue_new(handle_.get()), rd_kafka_queue_destroy);
  const auto options = admin_options(handle_.get(), RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
  rd_kafka_NewPartitions_t* list[] = {wanted.get()};
  rd_kafka_CreatePartitions(handle_.get(), list, 1, options.get(), queue.get());
  const auto event = wait_for_event(queue.get(), "can't grow " + topic);
  std::size_t count = 0;
  const auto* results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) check(rd_kafka_topic_result_error(results[i]), "can't grow " + topic);
  if (!eventually(20s, [&] { return partitions_of(topic) == partitions; })) fail(topic, "grown but not seen");
}

void KafkaAdmin::delete_topics(const std::vector<std::string>& topics) const {
  std::vector<DeleteTopic> wanted;
  std::vector<rd_kafka_DeleteTopic_t*> list;
  for (const auto& topic : topics) {
    wanted.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()), rd_kafka_DeleteTopic_destroy);
    list.push_back(wanted.back().get());
  }
  if (list.empty()) return;
  const Queue queue(rd_kafka_queue_new(handle_.get()), rd_kafka_queue_destroy);
  const auto options = admin_options(handle_.get(), RD_KAFKA_ADMIN_OP_DELETETOPICS);
  rd_kafka_DeleteTopics(handle_.get(), list.data(), list.size(), options.get(), queue.get());
  (void)wait_for_event(queue.get(), "can't delete topics");
}

std::vector<std::string> KafkaAdmin::topics_with_prefix(const std::string& prefix) const {
  std::vector<std::string> found;
  visit_topics(handle_.get(), [&](const rd_kafka_metadata_topic& topic) {
    if (std::string_view(topic.topic).starts_with(prefix)) found.emplace_back(topic.topic);
  });
  return found;
}

int KafkaAdmin::partitions_of(const std::string& topic) const {
  int partitions = 0;
  visit_topics(handle_.get(), [&](const rd_kafka_metadata_topic& found) {
    if (topic != found.topic) return;
    bool all_led = true;
    for (int i = 0; i < found.partition_cnt; ++i) all_led = all_led && found.partitions[i].leader >= 0;
    if (all_led) partitions = found.partition_cnt;
  });
  return partitions;
}

std::vector<Watermarks> KafkaAdmin::watermarks(const std::string& topic) const {
  std::vector<Watermarks> all(static_cast<std::size_t>(partitions_of(topic)));
  for (std::size_t p = 0; p < all.size(); ++p) {
    check(rd_kafka_query_watermark_offsets(handle_.get(), topic.c_str(), static_cast<std::int32_t>(p), &all[p].low,
                                           &all[p].high, kRequestMs),
          "can't ask for the ends of " + topic);
  }
  return all;
}

std::int64_t KafkaAdmin::end_sum(const std::string& topic) const {
  std::int64_t sum = 0;
  for (const auto& partition : watermarks(topic)) sum += partition.high;
  return sum;
}

std::vector<std::int64_t> KafkaAdmin::committed(const std::string& group, const std::string& topic) const {
  // Stable offsets only, hence read_committed; a handle of its own because the group is a setting.
  const auto handle = make_handle(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers_},
                                                      {"group.id", group},
                                                      {"isolation.level", "read_committed"},
                                                      {"log_level", "0"}});
  const auto list = partition_list(topic, partitions_of(topic));
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(list->cnt), -1);
  const auto error = rd_kafka_committed(handle.get(), list.get(), kRequestMs);
  if (error == RD_KAFKA_RESP_ERR__TIMED_OUT) return offsets;  // a pending transaction: nothing is stable yet
  check(error, "can't ask for the offsets of " + group);
  for (int i = 0; i < list->cnt; ++i) {
    if (list->elems[i].offset >= 0) offsets[static_cast<std::size_t>(i)] = list->elems[i].offset;
  }
  return offsets;
}

bool KafkaAdmin::consumed_by(const std::string& group, const std::string& topic) const {
  const auto ends = watermarks(topic);
  if (ends.empty()) return true;
  const auto offsets = committed(group, topic);
  for (std::size_t p = 0; p < ends.size(); ++p) {
    if (ends[p].high > ends[p].low && offsets[p] < ends[p].high) return false;
  }
  return true;
}

KafkaProducer::KafkaProducer(const std::string& brokers, const std::string& partitioner, OnFatal on_fatal)
    : settings_{{"bootstrap.servers", brokers},
                {"partitioner", partitioner},
                {"enable.idempotence", "true"},
                {"linger.ms", "2"},
                // Without it keyless records stick to one partition for a while: the tests want them spread.
                {"sticky.partitioning.linger.ms", "0"},
                {"topic.metadata.refresh.interval.ms", "1000"},
                {"message.max.bytes", "10000000"},
                {"log_level", "0"}},
      on_fatal_(on_fatal),
      delivery_(std::make_unique<Delivery>()) {
  make();
}

void KafkaProducer::make() {
  handle_ = make_handle(
      RD_KAFKA_PRODUCER, settings_,
      [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        auto& delivery = *static_cast<Delivery*>(opaque);
        const std::lock_guard lock(delivery.mutex);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
          const milliseconds took(rd_kafka_message_latency(message) / 1'000);
          if (took < kSlowDelivery) return;
          auto& slowest = delivery.slow[reinterpret_cast<std::size_t>(message->_private)];
          slowest = std::max(slowest, took);
          return;
        }
        if (delivery.first_error.empty()) delivery.first_error = rd_kafka_err2str(message->err);
        delivery.doubtful.push_back(reinterpret_cast<std::size_t>(message->_private));
      },
      delivery_.get());
}

/// Everything under way is reported as failed first.
void KafkaProducer::replace() {
  char why[512] = "";
  rd_kafka_fatal_error(handle_.get(), why, sizeof why);
  fmt::print("a producer of the load is replaced: {}\n", why);
  rd_kafka_purge(handle_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  (void)rd_kafka_flush(handle_.get(), kRequestMs);
  make();
}

std::vector<std::size_t> KafkaProducer::take_doubtful() {
  const std::lock_guard lock(delivery_->mutex);
  return std::exchange(delivery_->doubtful, {});
}

std::map<std::size_t, milliseconds> KafkaProducer::take_slow() {
  const std::lock_guard lock(delivery_->mutex);
  return std::exchange(delivery_->slow, {});
}

KafkaProducer::~KafkaProducer() = default;

void KafkaProducer::produce(const ProducedRecord& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  const auto data = [](const auto& text) -> void* { return text ? const_cast<char*>(text->data()) : nullptr; };
  const auto size = [](const auto& text) { return text ? text->size() : 0; };
  while (true) {
    const auto error = rd_kafka_producev(handle_.get(), RD_KAFKA_V_TOPIC(record.topic.c_str()),
                                         RD_KAFKA_V_PARTITION(record.partition.value_or(RD_KAFKA_PARTITION_UA)),
                                         RD_KAFKA_V_KEY(data(record.key), size(record.key)),
                                         RD_KAFKA_V_VALUE(data(record.value), size(record.value)),
                                         RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_HEADERS(headers),
                                         RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                         RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(record.tag)), RD_KAFKA_V_END);
    rd_kafka_poll(handle_.get(), error == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 20 : 0);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;  // the headers are librdkafka's now
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) continue;
    if (error == RD_KAFKA_RESP_ERR__FATAL && on_fatal_ == OnFatal::GoOn) {
      replace();
      continue;
    }
    rd_kafka_headers_destroy(headers);
    check(error, "can't produce to " + record.topic);
  }
}

void KafkaProducer::flush() {
  check(rd_kafka_flush(handle_.get(), 60'000), "can't flush");
  if (on_fatal_ == OnFatal::GoOn) return;
  const std::lock_guard lock(delivery_->mutex);
  if (!delivery_->first_error.empty()) fail("a record was not delivered", delivery_->first_error.c_str());
}

std::string ConsumedRecord::header(const std::string& name) const {
  for (const auto& [header_name, header_value] : headers) {
    if (header_name == name) return header_value;
  }
  return "";
}

KafkaReader::KafkaReader(std::string brokers, std::string topic)
    : brokers_(std::move(brokers)),
      topic_(std::move(topic)),
      handle_(
          make_handle(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers_},
                                          {"group.id", "ebc-test-reader"},  // asked for, though only assign() is used
                                          {"isolation.level", "read_committed"},
                                          {"enable.auto.commit", "false"},
                                          {"enable.partition.eof", "true"},
                                          {"fetch.wait.max.ms", "20"},
                                          {"log_level", "0"}})),
      positions_(static_cast<std::size_t>(KafkaAdmin(brokers_).partitions_of(topic_)), 0) {
  if (positions_.empty()) fail(topic_, "no such topic");
  rd_kafka_poll_set_consumer(handle_.get());
  const auto list = partition_list(topic_, static_cast<int>(positions_.size()), RD_KAFKA_OFFSET_BEGINNING);
  check(rd_kafka_assign(handle_.get(), list.get()), "can't read " + topic_);
}

KafkaReader::~KafkaReader() { rd_kafka_consumer_close(handle_.get()); }

std::size_t KafkaReader::poll(milliseconds wait) {
  const std::size_t before = records_.size();
  const Stopwatch stopwatch;
  do {
    const auto left = std::max<std::int64_t>(0, wait.count() - stopwatch.ms());
    const Message message(rd_kafka_consumer_poll(handle_.get(), static_cast<int>(left)), rd_kafka_message_destroy);
    if (!message) break;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) continue;
    auto& position = positions_[static_cast<std::size_t>(message->partition)];
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      position = std::max(position, message->offset);
      continue;
    }
    position = message->offset + 1;
    records_.push_back(consumed(message.get()));
  } while (stopwatch.elapsed() < wait);
  return records_.size() - before;
}

bool KafkaReader::read_to_end(milliseconds limit) {
  const auto ends = KafkaAdmin(brokers_).watermarks(topic_);
  const auto done = [&] {
    for (std::size_t p = 0; p < positions_.size(); ++p) {
      if (positions_[p] < ends[p].high) return false;
    }
    return true;
  };
  return eventually(
      limit, [&] { return done() || (poll(50ms), done()); }, 0ms);
}

}  // namespace ebc::broker_test
