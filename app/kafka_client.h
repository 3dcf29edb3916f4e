// What the handles of the client commands share: their settings, and how their failures are told.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <string_view>

#include "app/kafka_bus.h"
#include "app/options/settings.h"

namespace ebc::app {

struct KafkaFree {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
template <typename T>
using Owned = std::unique_ptr<T, KafkaFree>;

/// What the callbacks of a handle leave behind for the thread that polls it.
struct Reports {
  std::string last_error;  ///< of a connection: what to tell when time runs out
  std::string refused;     ///< authentication or authorisation: no use to go on
  bool delivered = false;
  rd_kafka_resp_err_t delivery = RD_KAFKA_RESP_ERR_NO_ERROR;  ///< the first failure since it was cleared, else the last
};

/// The settings of one handle. `reports` outlives the handle.
class ConfBuilder {
 public:
  explicit ConfBuilder(Reports& reports);

  /// The user's settings; before ours, on which the command stands, so that ours win.
  void pass_through(const BusSettings& settings, std::string_view scope);
  void set(const std::string& name, const std::string& value);
  rd_kafka_conf_t* get() { return conf_.get(); }
  /// Null, with the reason in `error`, when a setting was refused.
  Owned<rd_kafka_t> make(rd_kafka_type_t type, BusError& error);

 private:
  Owned<rd_kafka_conf_t> conf_;
  BusError error_;
};

/// Kafka doesn't answer, or refuses us: what was reported last, else `what`.
BusError unreachable(const BusSettings& settings, const Reports& reports, const char* what);

/// Waits for the topic's metadata within the settings' timeout; wrong use when there is no such topic.
BusError find_topic(rd_kafka_t* handle, const BusSettings& settings, const std::string& topic, Reports& reports,
                    int& partitions);

/// A consumer for partitions assigned by hand, committed records only; nothing is ever joined or committed.
Owned<rd_kafka_t> make_reader(const BusSettings& settings, Reports& reports, BusError& error);

}  // namespace ebc::app
