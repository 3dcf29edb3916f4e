// Sinks over a librdkafka producer: with transactions and without.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "topology/held_records.h"
#include "topology/kafka_handle.h"
#include "topology/kafka_names.h"
#include "topology/kafka_statistics.h"
#include "topology/refused_outputs.h"
#include "topology/sink.h"

namespace ebc::topology {

/// What both share: producing, and what became of it.
class KafkaSink : public Sink {
 public:
  bool accepts(std::string_view topic, std::size_t bytes) final;
  std::optional<Offset> delivered_offset(int tag) const final;
  ~KafkaSink() override;

 protected:
  /// `statistics` outlives the sink. `refused` outlives its sinks: the next one knows what the broker refused this one.
  KafkaSink(const EngineConfig& config, std::string client_name, std::string display_name, KafkaStatistics& statistics,
            std::shared_ptr<RefusedOutputs> refused);

  /// Makes the client. Fatal: a refused setting.
  Status make_client(const std::string& transactional_id);
  rd_kafka_t* client() { return client_.get(); }
  /// Hands a record to the client.
  void send(const SinkRecord& record);
  /// Records that the client has not yet told the end of.
  int unsettled() const { return rd_kafka_outq_len(client_.get()); }
  void forget_deliveries();
  /// Topics that accepts() was asked about are looked up anew: one may be gone.
  void forget_topics() { doubtful_.clear(); }
  /// Topics produced to since forget_deliveries() that accepts() was asked about.
  const std::set<std::string, std::less<>>& asked_about() const { return asked_about_; }
  /// All that were produced to since the client was made.
  std::string topics_used() const;
  RefusedOutputs& refused() { return *refused_; }
  /// Records produced since forget_deliveries() were thrown away unsent, or with their fate unknown.
  bool purged() const { return purged_; }
  /// Waits until everything produced is acknowledged, `limit` at most.
  Status flush(Duration limit);
  const EngineConfig& config() const { return config_; }
  /// Connections that ended so far. A request is sent a second time only after the connection of the first is gone: the
  /// library gives up one whose answer is overdue.
  std::uint64_t connections_closed() const { return connections_closed_.load(); }

 private:
  static void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque);
  static int close_socket(int socket, void* opaque);
  static int told(rd_kafka_t*, char* json, std::size_t size, void* opaque);
  rd_kafka_topic_t* topic(std::string_view name);
  void keep_error(rd_kafka_resp_err_t code, std::string_view topic, std::size_t bytes);
  bool missing(std::string_view topic);

  const EngineConfig config_;
  const std::string client_name_;
  const std::string display_name_;  ///< in statistics: the same for all clients in the same role
  KafkaStatistics& statistics_;
  const std::shared_ptr<RefusedOutputs> refused_;
  std::set<std::string, std::less<>> doubtful_;  ///< topics that accepts() was asked about and that were there
  std::set<std::string, std::less<>> asked_about_;
  std::atomic<std::uint64_t> connections_closed_{0};
  KafkaClient client_;
  std::map<std::string, KafkaTopic, std::less<>> topics_;
  std::vector<Offset> delivered_;  ///< by tag; -1 until acknowledged
  std::uint64_t round_ = 0;        ///< deliveries of an earlier round are not counted
  Status produce_failure_;
  bool purged_ = false;
};

/// Outcomes, changelog and offsets count together or not at all.
class ExactlyOnceSink final : public KafkaSink {
 public:
  ExactlyOnceSink(const EngineConfig& config, std::string transactional_id, std::string display_name,
                  KafkaStatistics& statistics,
                  std::shared_ptr<RefusedOutputs> refused = std::make_shared<RefusedOutputs>());

  Status open() override;
  Status begin() override;
  void produce(const SinkRecord& record) override;
  Status settle_outputs() override { return {}; }
  Status commit(std::span<const LogPosition> positions, const Membership& membership) override;
  Status finish(std::span<const LogPosition>) override { return {}; }
  Status abort() override;
  bool wants_replacing() const override { return suspect_; }

 private:
  Status commit_steps(std::span<const LogPosition> positions, const Membership& membership);
  Status send_offsets(std::span<const LogPosition> positions, const Membership& membership);
  Status commit_transaction();
  Status denial_behind(Status failed);
  void release();
  void suspect_repetitions();

  HeldRecords held_;
  bool holding_ = true;  ///< until there is more than is worth holding, or the commit
  const TopicNames names_;
  const std::string transactional_id_;
  const std::string group_;
  std::uint64_t closed_before_ = 0;  ///< connections, when the transaction began
  bool suspect_ = false;             ///< since begin(): a request may have been sent twice, or a record never
  bool commit_requested_ = false;    ///< since begin()
};

/// Without transactions, so that everything is seen at once. For outputs that may be repeated. As a sink for all of it
/// only where process and broker end together: a commit is a mere sequence here, state before offsets, and who dies in
/// the middle of it leaves torn rows.
class PlainSink final : public KafkaSink {
 public:
  PlainSink(const EngineConfig& config, std::string client_name, std::string display_name, KafkaStatistics& statistics,
            RecordSource& source, std::shared_ptr<RefusedOutputs> refused);

  Status open() override;
  Status begin() override;
  void produce(const SinkRecord& record) override { send(record); }
  void send_now() override;
  bool outputs_wait() const override { return false; }
  Status settle_outputs() override;
  Status commit(std::span<const LogPosition> positions, const Membership& membership) override;
  Status finish(std::span<const LogPosition> positions) override;
  bool wants_replacing() const override { return false; }

 private:
  RecordSource& source_;
};

}  // namespace ebc::topology
