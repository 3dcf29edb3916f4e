// RecordSource over a librdkafka consumer: cooperative-sticky, subscribed to the input topic only. The repartition logs
// are added to the assignment by hand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "topology/kafka_assignment.h"
#include "topology/kafka_membership.h"
#include "topology/kafka_names.h"
#include "topology/kafka_statistics.h"
#include "topology/source.h"

namespace ebc::topology {

/// Consumers that were closed and not destroyed, because that would have ended the process (client versions, in the
/// docs). Their threads live as long as it does; it should then end by _exit, for exit() takes away what they may use.
std::size_t consumers_left_alone();

class KafkaSource final : public RecordSource {
 public:
  /// Subscribes. `instance_id` empty: a dynamic member. `statistics` outlives the source. Fatal: a refused setting.
  static Result<std::unique_ptr<KafkaSource>> make(const EngineConfig& config, const std::string& instance_id,
                                                   std::string_view client_name, KafkaStatistics& statistics,
                                                   RebalanceListener& listener);
  ~KafkaSource() override;

  Result<Batch> poll(Duration wait) override;
  Status assign(std::span<const LogPosition> positions) override;
  Status stop(std::span<const LogPartition> logs) override;
  std::unique_ptr<Membership> membership() override;
  Status commit_offsets(std::span<const LogPosition> positions) override;
  void close(bool leave, Duration limit) override;
  std::string denial() const override { return denials_.empty() ? std::string{} : denials_.begin()->second; }
  void wake() override;

 private:
  KafkaSource(const EngineConfig& config, std::string display_name, KafkaStatistics& statistics,
              RebalanceListener& listener);
  static int told(rd_kafka_t*, char* json, std::size_t size, void* opaque);
  static void rebalance(rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list, void* opaque);
  void on_rebalance(rd_kafka_resp_err_t code, const rd_kafka_topic_partition_list_t& list);
  static void hops_arrived(rd_kafka_t* client, void* opaque);
  void look_at_membership();
  bool may_be_destroyed() const;
  std::size_t take(const KafkaQueue& queue, std::size_t from, std::size_t until);
  void release_messages();
  Status take_in(rd_kafka_message_t* message);
  void read_record(const rd_kafka_message_t& message, LogPartition log);
  Status read_error(const rd_kafka_message_t& message);
  void note_what_is_handed_out();
  void got_through(const std::string& topic_or_group) {
    if (!denials_.empty()) denials_.erase(topic_or_group);
  }

  const TopicNames names_;
  const std::string group_;
  const std::string display_name_;  ///< in statistics
  KafkaStatistics& statistics_;
  RebalanceListener& listener_;
  KafkaClient client_;
  KafkaQueue queue_;
  /// Of the repartition logs. A client fetches nothing for a queue that is full, and looks whether it still is only
  /// when something else happens, up to a second later. With a queue of their own these logs are always fetched, which
  /// makes it look every fetch.wait.max.ms: the main queue can be a quarter of the size and never runs dry.
  KafkaQueue hops_;
  std::optional<KafkaAssignment> assignment_;     ///< once there is a client
  Status given_up_;                               ///< why this client is of no more use
  bool answered_ = false;                         ///< the group has given us something, be it nothing
  bool entered_ = false;                          ///< the group has taken us in; what it gives us may still be open
  const rd_kafka_topic_t* last_topic_ = nullptr;  ///< of the batch at hand; its name was last_channel_'s
  Channel last_channel_{};
  std::map<std::string, std::string> denials_;  ///< by topic, or the group: what was denied there last

  // The batch at hand; messages_ owns what the others look at.
  std::vector<rd_kafka_message_t*> messages_;
  std::vector<Fetched> records_;
  std::vector<std::pair<std::size_t, std::size_t>> record_headers_;  ///< per record: begin and count in headers_
  std::vector<Header> headers_;
  std::vector<LogPosition> ends_;
  std::vector<LogPartition> broken_;
};

}  // namespace ebc::topology
