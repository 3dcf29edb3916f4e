#include "topology/kafka_instances.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "topology/kafka_config.h"
#include "topology/kafka_error.h"

namespace ebc::topology {
namespace {

/// An older record of ours is of no use once a newer one is due.
constexpr const char* kDeliveryLimitMs = "5000";

}  // namespace

Result<std::unique_ptr<KafkaInstances>> KafkaInstances::make(const EngineConfig& config, InstanceRegistry& registry,
                                                             const Clock& clock) {
  KafkaConfig reading(config, "consumer", "instances");
  // The group is only named, never joined or committed to.
  reading.set("group.id", config.app_id + "-instances").set("enable.auto.commit", "false");
  reading.set("isolation.level", "read_uncommitted").set("auto.offset.reset", "earliest");
  reading.set("enable.partition.eof", "true");
  reading.set_default("fetch.wait.max.ms", "50");  // the end is known by an empty fetch
  auto consumer = reading.make(RD_KAFKA_CONSUMER);
  if (!consumer.ok()) return consumer.status();
  rd_kafka_poll_set_consumer(consumer->get());
  KafkaConfig writing(config, "producer", "instances");
  writing.set("acks", "all").set("linger.ms", "0").set("message.timeout.ms", kDeliveryLimitMs);
  const std::string topic = config.instances_topic();
  auto instances = std::unique_ptr<KafkaInstances>(new KafkaInstances(topic, registry, clock));
  rd_kafka_conf_set_opaque(writing.raw(), instances.get());
  rd_kafka_conf_set_dr_msg_cb(writing.raw(), delivered);
  auto producer = writing.make(RD_KAFKA_PRODUCER);
  if (!producer.ok()) return producer.status();

  const KafkaPartitions all(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(all.get(), topic.c_str(), 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
  EBC_TRY(kafka_status(rd_kafka_assign(consumer->get(), all.get()), "reading " + topic));
  instances->consumer_ = std::move(*consumer);
  instances->queue_.reset(rd_kafka_queue_get_consumer(instances->consumer_.get()));
  instances->producer_ = std::move(*producer);
  instances->produced_.reset(rd_kafka_topic_new(instances->producer_.get(), topic.c_str(), nullptr));
  return instances;
}

KafkaInstances::KafkaInstances(std::string topic, InstanceRegistry& registry, const Clock& clock)
    : topic_(std::move(topic)), registry_(registry), clock_(clock) {}

KafkaInstances::~KafkaInstances() {
  if (consumer_) rd_kafka_assign(consumer_.get(), nullptr);
  if (producer_) rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

/// Called while we poll or flush.
void KafkaInstances::delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* instances = static_cast<KafkaInstances*>(opaque);
  const Status status = kafka_status(message->err, "produce to " + instances->topic_,
                                     fmt::format("Write on the topic {}", instances->topic_));
  if (status.ok() || denies_a_right(status)) instances->writing_denied_ = status.ok() ? "" : status.message();
}

void KafkaInstances::poll(Duration wait) {
  rd_kafka_poll(producer_.get(), 0);
  while (const KafkaMessage message{rd_kafka_consume_queue(queue_.get(), static_cast<int>(wait.count()))}) {
    take_in(*message);
    wait = Duration{0};
  }
}

void KafkaInstances::take_in(const rd_kafka_message_t& message) {
  const auto view = [](const void* data, std::size_t size) {
    return std::string_view(static_cast<const char*>(data), size);
  };
  switch (message.err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      reading_denied_.clear();
      if (message.key == nullptr) return;
      registry_.on_record(view(message.key, message.key_len),
                          message.payload != nullptr ? std::optional(view(message.payload, message.len)) : std::nullopt,
                          clock_.now(), caught_up_);
      return;
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      reading_denied_.clear();
      caught_up_ = true;
      return;
    default: {
      const Status status = kafka_status(message.err, "instances topic", fmt::format("Read on the topic {}", topic_));
      spdlog::debug("{}", status.message());
      // It is in no group, so it does without a coordinator's answer.
      const bool of_topic = message.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
      if (of_topic) reading_denied_ = status.message();
    }
  }
}

void KafkaInstances::send(std::string_view key, const std::string* value) {
  void* const bytes = value != nullptr ? const_cast<char*>(value->data()) : nullptr;
  const std::size_t size = value != nullptr ? value->size() : 0;
  const auto code = rd_kafka_producev(producer_.get(), RD_KAFKA_V_RKT(produced_.get()), RD_KAFKA_V_PARTITION(0),
                                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
                                      RD_KAFKA_V_VALUE(bytes, size), RD_KAFKA_V_END);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) spdlog::debug("instances topic: {}", rd_kafka_err2str(code));
}

void KafkaInstances::publish(const InstanceRecord& record) {
  const std::string value = encode(record);
  send(record.uuid, &value);
}

void KafkaInstances::erase(const std::string& uuid) { send(uuid, nullptr); }

void KafkaInstances::flush(Duration limit) { rd_kafka_flush(producer_.get(), static_cast<int>(limit.count())); }

}  // namespace ebc::topology
