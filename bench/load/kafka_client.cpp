#include "bench/load/kafka_client.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace ebc::bench {

using namespace topology;

void fail(const std::string& why) {
  fmt::print(stderr, "ebc-load: {}\n", why);
  std::exit(2);
}

KafkaConf make_conf(const std::string& brokers, Settings settings) {
  KafkaConf conf(rd_kafka_conf_new());
  std::array<char, 512> why{};
  const auto set = [&](const char* name, const std::string& value) {
    if (rd_kafka_conf_set(conf.get(), name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK) {
      fail(fmt::format("{}: {}", name, why.data()));
    }
  };
  set("bootstrap.servers", brokers);
  for (const auto& [name, value] : settings) set(name, value);
  return conf;
}

KafkaClient make_client(rd_kafka_type_t type, KafkaConf conf) {
  std::array<char, 512> why{};
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), why.data(), why.size());
  if (client == nullptr) fail(why.data());
  [[maybe_unused]] rd_kafka_conf_t* taken = conf.release();  // now the client's
  if (type == RD_KAFKA_CONSUMER) rd_kafka_poll_set_consumer(client);
  return KafkaClient(client);
}

namespace {

/// Sends one admin request and waits for what became of the one topic in it.
template <typename Send, typename Topics>
void administer(const std::string& brokers, const std::string& topic, rd_kafka_resp_err_t tolerated, Send&& send,
                Topics&& topics_of) {
  const KafkaClient client = make_client(RD_KAFKA_PRODUCER, make_conf(brokers, {}));
  const KafkaQueue queue(rd_kafka_queue_new(client.get()));
  send(client.get(), queue.get());
  constexpr int kAnswerMs = 30'000;
  const std::unique_ptr<rd_kafka_event_t, KafkaDeleter<rd_kafka_event_destroy>> event(
      rd_kafka_queue_poll(queue.get(), kAnswerMs));
  if (!event) fail(fmt::format("topic {}: no answer", topic));
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = topics_of(event.get(), &count);
  if (count != 1) fail(fmt::format("topic {}: {}", topic, rd_kafka_event_error_string(event.get())));
  const auto code = rd_kafka_topic_result_error(results[0]);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != tolerated) {
    fail(fmt::format("topic {}: {}", topic, rd_kafka_err2str(code)));
  }
}

/// As many as the broker tells of; 0 while it doesn't know the topic.
int partitions_of(rd_kafka_t* client, const std::string& topic) {
  const KafkaTopic handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  constexpr int kAnswerMs = 10'000;
  const struct rd_kafka_metadata* raw = nullptr;
  if (const auto code = rd_kafka_metadata(client, 0, handle.get(), &raw, kAnswerMs)) {
    fail(fmt::format("topic {}: {}", topic, rd_kafka_err2str(code)));
  }
  const KafkaMetadata metadata(raw);
  return metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
}

}  // namespace

void create_topic(const std::string& brokers, const std::string& topic, int partitions) {
  std::array<char, 512> why{};
  const std::unique_ptr<rd_kafka_NewTopic_t, KafkaDeleter<rd_kafka_NewTopic_destroy>> wanted(
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, why.data(), why.size()));
  if (!wanted) fail(why.data());
  administer(
      brokers, topic, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
      [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
        rd_kafka_NewTopic_t* one = wanted.get();
        rd_kafka_CreateTopics(client, &one, 1, nullptr, queue);
      },
      [](rd_kafka_event_t* event, std::size_t* count) {
        return rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), count);
      });
  // A broker that has just started says yes some time before it shows the topic to others.
  const KafkaClient client = make_client(RD_KAFKA_PRODUCER, make_conf(brokers, {}));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (partitions_of(client.get(), topic) == 0) {
    if (std::chrono::steady_clock::now() > deadline) fail(fmt::format("topic {} was made, but isn't shown", topic));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void delete_topic(const std::string& brokers, const std::string& topic) {
  const std::unique_ptr<rd_kafka_DeleteTopic_t, KafkaDeleter<rd_kafka_DeleteTopic_destroy>> wanted(
      rd_kafka_DeleteTopic_new(topic.c_str()));
  administer(
      brokers, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
      [&](rd_kafka_t* client, rd_kafka_queue_t* queue) {
        rd_kafka_DeleteTopic_t* one = wanted.get();
        rd_kafka_DeleteTopics(client, &one, 1, nullptr, queue);
      },
      [](rd_kafka_event_t* event, std::size_t* count) {
        return rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), count);
      });
}

int assign_whole_topic(rd_kafka_t* consumer, const std::string& topic) {
  const int partitions = partitions_of(consumer, topic);
  if (partitions == 0) fail(fmt::format("topic {} isn't there", topic));
  const KafkaPartitions list(rd_kafka_topic_partition_list_new(partitions));
  for (int i = 0; i < partitions; ++i) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  if (const auto code = rd_kafka_assign(consumer, list.get())) fail(rd_kafka_err2str(code));
  return partitions;
}

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace ebc::bench
