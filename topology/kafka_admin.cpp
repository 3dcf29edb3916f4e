#include "topology/kafka_admin.h"

#include <fmt/format.h>

#include <array>
#include <thread>

#include "topology/kafka_config.h"
#include "topology/kafka_error.h"
#include "topology/kafka_request.h"

namespace ebc::topology {
namespace {

using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, KafkaDeleter<rd_kafka_NewTopic_destroy>>;
using ConfigResource = std::unique_ptr<rd_kafka_ConfigResource_t, KafkaDeleter<rd_kafka_ConfigResource_destroy>>;

}  // namespace

Result<std::unique_ptr<KafkaAdmin>> KafkaAdmin::make(const EngineConfig& config) {
  auto admin = std::unique_ptr<KafkaAdmin>(new KafkaAdmin());
  KafkaConfig conf(config, "admin", "admin");
  rd_kafka_conf_set_opaque(conf.raw(), admin.get());
  rd_kafka_conf_set_error_cb(conf.raw(), failed);
  auto client = conf.make(RD_KAFKA_PRODUCER);
  if (!client.ok()) return client.status();
  admin->client_ = std::move(*client);
  return admin;
}

void KafkaAdmin::failed(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto* admin = static_cast<KafkaAdmin*>(opaque);
  admin->last_error_ = reason;
  admin->refused_ |= code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
}

Status KafkaAdmin::connect(Duration limit) {
  const struct rd_kafka_metadata* raw = nullptr;
  const auto code = rd_kafka_metadata(client_.get(), 0, nullptr, &raw, static_cast<int>(limit.count()));
  const KafkaMetadata metadata(raw);
  rd_kafka_poll(client_.get(), 0);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const std::string why = last_error_.empty() ? rd_kafka_err2str(code) : last_error_;
  return {refused_ ? Verdict::Fatal : Verdict::Retry, why};
}

Result<std::string> KafkaAdmin::cluster_id(Duration limit) {
  char* id = rd_kafka_clusterid(client_.get(), static_cast<int>(limit.count()));
  if (id == nullptr) return Status(Verdict::Retry, "the cluster's id is not known");
  std::string text = id;
  rd_kafka_mem_free(client_.get(), id);
  return text;
}

Result<TopicFacts> KafkaAdmin::facts(const std::string& topic) {
  // All topics are asked for: asking for one by name makes it, where the broker creates topics by itself.
  const struct rd_kafka_metadata* raw = nullptr;
  const auto code = rd_kafka_metadata(client_.get(), 1, nullptr, &raw, kKafkaRequestMs);
  const KafkaMetadata metadata(raw);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "metadata of " + topic);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const auto& found = metadata->topics[i];
    if (topic != found.topic || found.partition_cnt == 0) continue;
    return TopicFacts{
        .exists = true, .partitions = found.partition_cnt, .replication_factor = found.partitions[0].replica_cnt};
  }
  return TopicFacts{};
}

Status KafkaAdmin::create(const TopicSpec& spec) {
  const std::string what = "create topic " + spec.name;
  std::array<char, 512> why{};
  const NewTopic topic(
      rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication_factor, why.data(), why.size()));
  if (!topic) return {Verdict::Fatal, fmt::format("{}: {}", what, why.data())};
  for (const auto& [name, value] : spec.config) rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  rd_kafka_NewTopic_t* topics[] = {topic.get()};
  auto event = ask_kafka(client_.get(), what, [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(client_.get(), topics, 1, nullptr, queue);
  });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto code = rd_kafka_topic_result_error(results[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    Status status = kafka_status(code, what, fmt::format("Create on the topic {}", spec.name));
    if (denies_a_right(status)) return {Verdict::Fatal, status.message()};
    return {Verdict::Fatal, fmt::format("{}: {}", what, text != nullptr ? text : rd_kafka_err2str(code))};
  }
  return {};
}

Status KafkaAdmin::delete_records(const std::string& topic, const std::map<Partition, Offset>& before) {
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(before.size())));
  for (const auto& [partition, offset] : before) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  }
  using DeleteRecords = std::unique_ptr<rd_kafka_DeleteRecords_t, KafkaDeleter<rd_kafka_DeleteRecords_destroy>>;
  const DeleteRecords request(rd_kafka_DeleteRecords_new(list.get()));
  rd_kafka_DeleteRecords_t* requests[] = {request.get()};
  auto event = ask_kafka(client_.get(), "purge of " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteRecords(client_.get(), requests, 1, nullptr, queue);
  });
  if (!event.ok()) return event.status();
  const auto* results = rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  for (int i = 0; i < results->cnt; ++i) {
    EBC_TRY(kafka_status(results->elems[i].err, "purge of " + topic, fmt::format("Delete on the topic {}", topic)));
  }
  return {};
}

Status KafkaAdmin::delete_topic(const std::string& topic) {
  const std::string what = "delete topic " + topic;
  using Deletion = std::unique_ptr<rd_kafka_DeleteTopic_t, KafkaDeleter<rd_kafka_DeleteTopic_destroy>>;
  const Deletion deletion(rd_kafka_DeleteTopic_new(topic.c_str()));
  rd_kafka_DeleteTopic_t* deletions[] = {deletion.get()};
  auto event = ask_kafka(client_.get(), what, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopics(client_.get(), deletions, 1, nullptr, queue);
  });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event->get()), &count);
  EBC_TRY(all_deleted(what, std::span(results, count), rd_kafka_topic_result_error,
                      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART));
  // The answer comes before every broker knows.
  for (int attempt = 0; attempt < 100; ++attempt) {
    auto found = facts(topic);
    if (found.ok() && !found->exists) return {};
    std::this_thread::sleep_for(Duration{100});
  }
  return {Verdict::Retry, what + ": it is still there"};
}

Result<std::map<std::string, std::string>> KafkaAdmin::config_of(const std::string& topic) {
  const std::string what = "settings of topic " + topic;
  const ConfigResource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  auto event = ask_kafka(client_.get(), what, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConfigs(client_.get(), resources, 1, nullptr, queue);
  });
  if (!event.ok()) return event.status();
  std::size_t count = 0;
  const auto* results =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  std::map<std::string, std::string> config;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto code = rd_kafka_ConfigResource_error(results[i]); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const Status status = kafka_status(code, what, fmt::format("DescribeConfigs on the topic {}", topic));
      if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return status;
      return Status(Verdict::Fatal, status.message());
    }
    std::size_t entries = 0;
    const auto* entry = rd_kafka_ConfigResource_configs(results[i], &entries);
    for (std::size_t e = 0; e < entries; ++e) {
      const char* value = rd_kafka_ConfigEntry_value(entry[e]);
      config[rd_kafka_ConfigEntry_name(entry[e])] = value != nullptr ? value : "";
    }
  }
  return config;
}

}  // namespace ebc::topology
