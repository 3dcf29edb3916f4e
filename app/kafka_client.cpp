#include "app/kafka_client.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <random>

#include "app/exit_codes.h"

namespace ebc::app {
namespace {

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto& reports = *static_cast<Reports*>(opaque);
  reports.last_error = reason;
  if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL) reports.refused = reason;
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& reports = *static_cast<Reports*>(opaque);
  reports.delivered = true;
  if (reports.delivery == RD_KAFKA_RESP_ERR_NO_ERROR) reports.delivery = message->err;
}

// Any thread; spdlog is made for that.
void on_log(const rd_kafka_t*, int, const char* facility, const char* text) { spdlog::debug("{}: {}", facility, text); }

BusError usage(std::string message) { return {kExitUsage, std::move(message)}; }

}  // namespace

ConfBuilder::ConfBuilder(Reports& reports) : conf_(rd_kafka_conf_new()) {
  rd_kafka_conf_set_opaque(conf_.get(), &reports);
  rd_kafka_conf_set_error_cb(conf_.get(), on_error);
  rd_kafka_conf_set_log_cb(conf_.get(), on_log);
}

void ConfBuilder::pass_through(const BusSettings& settings, std::string_view scope) {
  for (const auto& setting : settings.kafka) {
    if (setting.scope.empty() || setting.scope == scope) set(setting.name, setting.value);
  }
  set("bootstrap.servers", settings.brokers);
  set("client.id", "eb-collector-cli");
}

void ConfBuilder::set(const std::string& name, const std::string& value) {
  char why[256];
  if (rd_kafka_conf_set(conf_.get(), name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK &&
      !error_.failed()) {
    error_ = usage(fmt::format("--kafka {}: {}", name, why));
  }
}

Owned<rd_kafka_t> ConfBuilder::make(rd_kafka_type_t type, BusError& error) {
  error = error_;
  if (error.failed()) return nullptr;
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf_.get(), on_delivery);
  char why[512];
  Owned<rd_kafka_t> handle(rd_kafka_new(type, conf_.get(), why, sizeof why));
  if (handle == nullptr) {
    error = usage(fmt::format("the Kafka client can't be made: {}", why));
  } else {
    (void)conf_.release();  // now the handle's
  }
  return handle;
}

BusError unreachable(const BusSettings& settings, const Reports& reports, const char* what) {
  if (!reports.refused.empty()) {
    return {kExitKafka, fmt::format("Kafka at {} refuses us: {}", settings.brokers, reports.refused)};
  }
  return {kExitKafka, fmt::format("Kafka at {} was not reached within --start-timeout ({}); is it running, and is "
                                  "--brokers right?",
                                  settings.brokers, reports.last_error.empty() ? what : reports.last_error.c_str())};
}

// Asks in short turns, so that a refusal ends the wait at once.
BusError find_topic(rd_kafka_t* handle, const BusSettings& settings, const std::string& topic, Reports& reports,
                    int& partitions) {
  const Owned<rd_kafka_topic_t> asked(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  const auto deadline = std::chrono::steady_clock::now() + settings.timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return unreachable(settings, reports, "no answer");
    const rd_kafka_metadata_t* raw = nullptr;
    const auto code =
        rd_kafka_metadata(handle, 0, asked.get(), &raw, static_cast<int>(std::min<std::int64_t>(left, 1'000)));
    rd_kafka_poll(handle, 0);
    if (!reports.refused.empty()) return unreachable(settings, reports, "refused");
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const std::unique_ptr<const rd_kafka_metadata_t, KafkaFree> metadata(raw);
    const auto& found = metadata->topics[0];
    if (found.err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) continue;
    if (found.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
      return {kExitKafka, fmt::format("Kafka doesn't let us see topic {}; grant Describe on it", topic)};
    }
    if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR || found.partition_cnt == 0) {
      return usage(fmt::format("topic {} at {}: {}; eb-collector topics --create-topics=all makes it", topic,
                               settings.brokers, rd_kafka_err2str(found.err)));
    }
    partitions = found.partition_cnt;
    return {};
  }
}

Owned<rd_kafka_t> make_reader(const BusSettings& settings, Reports& reports, BusError& error) {
  ConfBuilder conf(reports);
  conf.pass_through(settings, "consumer");
  // librdkafka wants a group to assign partitions by hand.
  conf.set("group.id", fmt::format("eb-collector-cli-{:08x}", std::random_device{}()));
  conf.set("enable.auto.commit", "false");
  conf.set("isolation.level", "read_committed");
  conf.set("fetch.wait.max.ms", "50");
  conf.set("allow.auto.create.topics", "false");
  conf.set("enable.partition.eof", "true");
  Owned<rd_kafka_t> handle = conf.make(RD_KAFKA_CONSUMER, error);
  if (handle != nullptr) rd_kafka_poll_set_consumer(handle.get());
  return handle;
}

}  // namespace ebc::app
