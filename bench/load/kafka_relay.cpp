// The least that any consume-and-produce on this client can cost: the best settings known, and no work at all between.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "bench/load/commands.h"
#include "bench/load/kafka_client.h"

namespace ebc::bench {

using namespace topology;

namespace {

constexpr int kLimitMs = 30'000;

void must(rd_kafka_error_t* raw, const char* what) {
  const KafkaErrorPtr error(raw);
  if (error) fail(fmt::format("{}: {}", what, rd_kafka_error_string(error.get())));
}

class Relay {
 public:
  explicit Relay(const RelayOptions& options)
      : options_(options),
        consumer_(make_client(RD_KAFKA_CONSUMER, make_conf(options.brokers, {{"group.id", "ebc-load-" + options.output},
                                                                             {"enable.auto.commit", "false"},
                                                                             {"auto.offset.reset", "earliest"},
                                                                             {"isolation.level", "read_committed"},
                                                                             {"enable.partition.eof", "true"},
                                                                             {"fetch.wait.max.ms", "10"},
                                                                             {"queued.min.messages", "1000000"},
                                                                             {"queued.max.messages.kbytes", "512000"},
                                                                             {"socket.nagle.disable", "true"}}))),
        producer_(make_producer(options)),
        topic_(rd_kafka_topic_new(producer_.get(), options.output.c_str(), nullptr)) {
    if (options_.transactional) must(rd_kafka_init_transactions(producer_.get(), kLimitMs), "init");
  }

  int run() {
    const int partitions = assign_whole_topic(consumer_.get(), options_.input);
    const KafkaQueue queue(rd_kafka_queue_get_consumer(consumer_.get()));
    next_.assign(static_cast<std::size_t>(partitions), -1);
    std::vector<rd_kafka_message_t*> messages(4'096);
    std::int64_t first_ns = 0;
    double first_cpu = 0;
    std::int64_t records = 0;
    int ended = 0;
    while (ended < partitions) {
      ssize_t count = rd_kafka_consume_batch_queue(queue.get(), 0, messages.data(), messages.size());
      if (count <= 0) {
        messages[0] = rd_kafka_consume_queue(queue.get(), 5);
        count = messages[0] != nullptr ? 1 : 0;
      }
      for (ssize_t i = 0; i < count; ++i) {
        const KafkaMessage message(messages[static_cast<std::size_t>(i)]);
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ++ended;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        if (records++ == 0) first_ns = steady_ns(), first_cpu = cpu_seconds();
        pass_on(*message);
      }
      if (began_ns_ != 0 && steady_ns() - began_ns_ >= std::int64_t{options_.commit_ms} * 1'000'000) commit();
    }
    commit();
    const double seconds = static_cast<double>(steady_ns() - first_ns) / 1e9;
    fmt::print(R"({{"records":{},"seconds":{:.3f},"cpu_s":{:.3f},"commits":{}}})"
               "\n",
               records, seconds, cpu_seconds() - first_cpu, commits_);
    return 0;
  }

 private:
  static KafkaClient make_producer(const RelayOptions& options) {
    KafkaConf conf = make_conf(options.brokers, {{"enable.idempotence", "true"},
                                                 {"retry.backoff.ms", "5"},
                                                 {"linger.ms", "5"},
                                                 {"batch.size", "1000000"},
                                                 {"queue.buffering.max.messages", "2000000"},
                                                 {"queue.buffering.max.kbytes", "524288"},
                                                 {"socket.nagle.disable", "true"}});
    if (options.transactional) {
      const std::string id = "ebc-load-" + options.output;
      if (rd_kafka_conf_set(conf.get(), "transactional.id", id.c_str(), nullptr, 0) != RD_KAFKA_CONF_OK) fail(id);
    }
    return make_client(RD_KAFKA_PRODUCER, std::move(conf));
  }

  void pass_on(const rd_kafka_message_t& message) {
    if (began_ns_ == 0) {
      if (options_.transactional) must(rd_kafka_begin_transaction(producer_.get()), "begin");
      began_ns_ = steady_ns();
    }
    while (rd_kafka_produce(topic_.get(), message.partition, RD_KAFKA_MSG_F_COPY, message.payload, message.len,
                            message.key, message.key_len, nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(producer_.get(), 5);
    }
    next_[static_cast<std::size_t>(message.partition)] = message.offset + 1;
  }

  void commit() {
    if (began_ns_ == 0) return;
    const KafkaPartitions offsets(rd_kafka_topic_partition_list_new(static_cast<int>(next_.size())));
    for (std::size_t i = 0; i < next_.size(); ++i) {
      if (next_[i] < 0) continue;
      rd_kafka_topic_partition_list_add(offsets.get(), options_.input.c_str(), static_cast<int>(i))->offset = next_[i];
    }
    if (options_.transactional) {
      const KafkaGroupMetadata group(rd_kafka_consumer_group_metadata(consumer_.get()));
      must(rd_kafka_send_offsets_to_transaction(producer_.get(), offsets.get(), group.get(), kLimitMs), "offsets");
    }
    while (rd_kafka_flush(producer_.get(), 1) == RD_KAFKA_RESP_ERR__TIMED_OUT) continue;
    if (options_.transactional) {
      must(rd_kafka_commit_transaction(producer_.get(), kLimitMs), "commit");
    } else if (const auto code = rd_kafka_commit(consumer_.get(), offsets.get(), 0)) {
      fail(rd_kafka_err2str(code));
    }
    ++commits_;
    began_ns_ = 0;
  }

  const RelayOptions options_;
  const KafkaClient consumer_;
  const KafkaClient producer_;
  const KafkaTopic topic_;
  std::vector<std::int64_t> next_;  ///< by partition; -1: nothing read
  std::int64_t began_ns_ = 0;       ///< 0: no transaction is open
  int commits_ = 0;
};

}  // namespace

int relay(const RelayOptions& options) { return Relay(options).run(); }

}  // namespace ebc::bench
