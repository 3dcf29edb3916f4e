#include "topology/kafka_config.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "topology/client_version.h"

namespace ebc::topology {
namespace {

/// Any thread of the library.
void log_line(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  // Syslog levels: up to 3 are errors, 4 warnings. What the library calls an error is usually one broker's connection.
  const auto severity = level <= 4 ? spdlog::level::warn : level <= 6 ? spdlog::level::info : spdlog::level::debug;
  spdlog::log(severity, "[kafka {}] {}: {}", rd_kafka_name(client), facility, text);
}

}  // namespace

KafkaConfig::KafkaConfig(const EngineConfig& config, std::string_view scope, std::string_view client_name)
    : conf_(rd_kafka_conf_new()), config_(config), scope_(scope) {
  rd_kafka_conf_set_log_cb(conf_.get(), log_line);
  set("bootstrap.servers", config.brokers);
  set("client.id", fmt::format("{}-{}", config.app_id, client_name));
  set_default("socket.nagle.disable", "true");  // on by default in old clients: 40 ms here and there
  set_default("reconnect.backoff.max.ms", "2000");
  // Settings without a scope must fit every client; those of another scope don't concern this one.
  for (const KafkaSetting& setting : config.kafka) {
    if (setting.scope.empty() || setting.scope == scope) set(setting.name.c_str(), setting.value);
  }
}

bool KafkaConfig::set_by_user(std::string_view name) const {
  return std::any_of(config_.kafka.begin(), config_.kafka.end(), [&](const KafkaSetting& setting) {
    return setting.name == name && (setting.scope.empty() || setting.scope == scope_);
  });
}

KafkaConfig& KafkaConfig::set(const char* name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf_.get(), name, value.c_str(), why.data(), why.size()) != RD_KAFKA_CONF_OK &&
      error_.empty()) {
    error_ = fmt::format("Kafka setting {}: {}", name, why.data());
  }
  return *this;
}

KafkaConfig& KafkaConfig::set_default(const char* name, const std::string& value) {
  return set_by_user(name) ? *this : set(name, value);
}

KafkaConfig& KafkaConfig::fetch_ahead(int messages, int kbytes) {
  if (rd_kafka_version() >= kHasQueueBackoff) set_default("fetch.queue.backoff.ms", "5");
  set_default("queued.min.messages", std::to_string(messages));
  return set_default("queued.max.messages.kbytes", std::to_string(kbytes));
}

Result<KafkaClient> KafkaConfig::make(rd_kafka_type_t type) {
  if (!error_.empty()) return Status(Verdict::Fatal, error_);
  // So that the library fetches new tokens on a thread of its own: not all of our clients are polled all the time.
  std::array<char, 64> mechanism{};
  std::size_t size = mechanism.size();
  if (rd_kafka_conf_get(conf_.get(), "sasl.mechanisms", mechanism.data(), &size) == RD_KAFKA_CONF_OK &&
      std::string_view(mechanism.data()) == "OAUTHBEARER") {
    rd_kafka_conf_enable_sasl_queue(conf_.get(), 1);
  }
  std::array<char, 512> why{};
  rd_kafka_t* client = rd_kafka_new(type, conf_.get(), why.data(), why.size());
  if (client == nullptr) return Status(Verdict::Fatal, fmt::format("Kafka client: {}", why.data()));
  [[maybe_unused]] rd_kafka_conf_t* taken = conf_.release();  // now the client's
  return KafkaClient(client);
}

std::string scram_hint(const EngineConfig& config) {
  constexpr int kFirstRight = 0x020601ff;
  const bool scram = std::any_of(config.kafka.begin(), config.kafka.end(), [](const KafkaSetting& setting) {
    return (setting.name == "sasl.mechanism" || setting.name == "sasl.mechanisms") &&
           setting.value.find("SCRAM") != std::string::npos;
  });
  if (!scram || rd_kafka_version() >= kFirstRight) return {};
  return fmt::format(
      ". Or is it Kafka 4.0 or later? librdkafka {} can't do SCRAM with it: take 2.6.1 or later, or "
      "client certificates",
      rd_kafka_version_str());
}

std::string client_version_string() { return fmt::format("librdkafka {}", rd_kafka_version_str()); }

}  // namespace ebc::topology
