// Client configurations: our settings, the user's pass-through settings, and logging.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "processor/api/status.h"
#include "topology/engine_config.h"
#include "topology/kafka_handle.h"

namespace ebc::topology {

/// Collects settings; the first that the library refuses is kept and told by status().
class KafkaConfig {
 public:
  /// `scope` is "consumer", "producer" or "admin": which of the user's settings apply besides the unscoped ones. They
  /// come before ours, so that what the guarantee stands on can't be overridden.
  KafkaConfig(const EngineConfig& config, std::string_view scope, std::string_view client_name);

  KafkaConfig& set(const char* name, const std::string& value);
  /// Ours unless the user has set it.
  KafkaConfig& set_default(const char* name, const std::string& value);
  /// What a consumer fetches ahead, at most about so much.
  KafkaConfig& fetch_ahead(int messages, int kbytes);
  rd_kafka_conf_t* raw() { return conf_.get(); }

  /// Makes the client. Fatal: a setting was refused, with its name.
  Result<KafkaClient> make(rd_kafka_type_t type);

 private:
  bool set_by_user(std::string_view name) const;

  KafkaConf conf_;
  const EngineConfig& config_;
  std::string scope_;
  std::string error_;
};

/// When the user asks for SCRAM and the library is too old for today's brokers: what to do, to be appended to a
/// refusal. Before 2.6.1 it repeats a part of the nonce, and Kafka has checked that since 4.0.
std::string scram_hint(const EngineConfig& config);

std::string client_version_string();

}  // namespace ebc::topology
