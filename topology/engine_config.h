// What the engine needs to be told. Filled by app/ from flags, environment and TOML; every limit has a safe default.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/api/types.h"

namespace ebc::topology {

enum class Guarantee { ExactlyOnce, AtLeastOnce };
/// Which topics the engine makes when they are missing.
enum class CreateTopics { None, Internal, All };
enum class OnStop { Leave, Stay };
enum class OnLostOffsets { Stop, Earliest };

/// Where a partition begins that this application has never read.
struct InitialOffset {
  enum class Kind { Earliest, Latest, Time } kind = Kind::Earliest;
  Timestamp time{};  ///< with Kind::Time
};

/// A librdkafka setting of the user. `scope` is "" (all clients), "consumer", "producer" or "admin".
struct KafkaSetting {
  std::string scope, name, value;
};

/// What a re-keyed record or a state row is larger than the message it was made of, in bytes, at most.
inline constexpr std::size_t kRoomForHeaders = std::size_t{256} << 10;

struct EngineConfig {
  std::string brokers = "127.0.0.1:9092";
  std::string app_id = "eb-collector";  ///< consumer group, and prefix of the internal topics and transactional ids
  std::string input_topic;
  std::string dead_letter_topic() const { return app_id + "-dead-letter"; }
  std::string changelog_topic() const { return app_id + "-groups-changelog"; }
  std::string repartition_topic() const { return app_id + "-repartition"; }
  std::string instances_topic() const { return app_id + "-instances"; }
  std::vector<std::string> output_topics;  ///< user topics written to; may hold the input topic
  std::size_t largest_message_bytes = 0;   ///< of a record that is passed on or kept as it came; 0: not known
  std::size_t largest_output_bytes = 0;    ///< of a record's value and headers there; 0: not known
  std::vector<KafkaSetting> kafka;

  std::string version;  ///< of the program, for the instances topic

  std::filesystem::path state_dir;
  /// The static member id. Unset: made at first start and kept in state_dir. Empty: a dynamic member.
  std::optional<std::string> instance_id;
  int threads = 1;
  int standbys = 0;  ///< other instances that follow each home's changelog
  Guarantee guarantee = Guarantee::ExactlyOnce;
  InitialOffset from;
  OnStop on_stop = OnStop::Leave;
  OnLostOffsets on_lost_offsets = OnLostOffsets::Stop;

  Duration commit_interval{100};
  Duration session_timeout{10'000};
  Duration transaction_timeout{10'000};
  Duration start_timeout{60'000};
  Duration stall_timeout{60'000};  ///< a Kafka client that should make progress and doesn't for so long is replaced

  CreateTopics create_topics = CreateTopics::Internal;
  /// The broker is the one inside `dev`: without transactions, it can't answer for its topics' settings, and state
  /// need not outlive a crash, which ends the broker too.
  bool embedded_broker = false;
  int partitions = 12;         ///< of user topics made with CreateTopics::All
  int replication_factor = 0;  ///< of topics made; 0: that of the input topic, or the broker's default

  Duration statistics_interval{5'000};  ///< how often Kafka clients tell about themselves, for metrics

  std::size_t buffer_bytes = 32u << 20;        ///< uncommitted state and outputs a thread may hold before it commits
  std::size_t buffer_records = 125'000;        ///< input records a thread may process before it commits
  std::size_t row_cache_bytes = 40u << 20;     ///< rows written last, held in memory by each thread
  std::size_t cache_bytes = 64u << 20;         ///< RocksDB block cache, whole process
  std::size_t write_buffer_bytes = 48u << 20;  ///< RocksDB memtables, whole process
};

}  // namespace ebc::topology
