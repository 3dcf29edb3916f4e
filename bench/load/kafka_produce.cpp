#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "bench/load/commands.h"
#include "bench/load/kafka_client.h"

namespace ebc::bench {

using namespace topology;

namespace {

struct Deliveries {
  std::int64_t fine = 0, failed = 0;
};

void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* deliveries = static_cast<Deliveries*>(opaque);
  ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? deliveries->fine : deliveries->failed);
}

}  // namespace

int produce(const ProduceOptions& options) {
  Deliveries deliveries;
  KafkaConf conf = make_conf(options.brokers, {{"enable.idempotence", "true"},
                                               {"linger.ms", options.rate > 0 ? "0" : "20"},
                                               {"socket.nagle.disable", "true"},
                                               {"batch.size", "524288"},
                                               {"queue.buffering.max.messages", "200000"},
                                               {"partitioner", "murmur2_random"}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), delivered);
  rd_kafka_conf_set_opaque(conf.get(), &deliveries);
  const KafkaClient client = make_client(RD_KAFKA_PRODUCER, std::move(conf));
  const KafkaTopic topic(rd_kafka_topic_new(client.get(), options.topic.c_str(), nullptr));

  GroupLoad load(options.shape);
  const std::int64_t began = steady_ns();
  std::int64_t events = 0;
  std::string_view key;
  std::string_view value;
  while (options.max_events == 0 || events < options.max_events) {
    if (options.rate > 0) {
      const auto due = began + static_cast<std::int64_t>(static_cast<double>(events) * 1e9 / options.rate);
      for (std::int64_t now = steady_ns(); now < due; now = steady_ns()) {
        rd_kafka_poll(client.get(), 0);
        std::this_thread::sleep_for(std::chrono::nanoseconds(std::min<std::int64_t>(due - now, 1'000'000)));
      }
    }
    if (!load.next(steady_ns(), key, value)) break;
    while (rd_kafka_produce(topic.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()),
                            value.size(), key.data(), key.size(), nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(client.get(), 50);
    }
    ++events;
    constexpr std::int64_t kPollEvery = 256;
    if (events % kPollEvery == 0) rd_kafka_poll(client.get(), 0);
  }
  while (rd_kafka_outq_len(client.get()) > 0) rd_kafka_poll(client.get(), 50);
  const double seconds = static_cast<double>(steady_ns() - began) / 1e9;
  fmt::print(R"({{"events":{},"delivered":{},"failed":{},"seconds":{:.3f},"cpu_s":{:.2f}}})"
             "\n",
             events, deliveries.fine, deliveries.failed, seconds, cpu_seconds());
  return deliveries.fine == events ? 0 : 1;
}

}  // namespace ebc::bench
