#include "topology/topic_setup.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "topology/denial.h"

namespace ebc::topology {
namespace {

constexpr std::size_t kRoomForEnvelope = 17 * 1024;  ///< of a record around an outcome: its key, and what a batch adds
constexpr Duration kToBeKnown{5'000};                ///< of a topic just made, to every broker
constexpr Duration kBetweenLooks{100};

using TopicSettings = std::map<std::string, std::string>;

/// Of a topic just made some brokers hear a little later: asks until the answer is a `good` one, but not for long.
template <typename Ask, typename Good>
auto patiently(const Ask& ask, const Good& good) {
  const auto end = std::chrono::steady_clock::now() + kToBeKnown;
  auto answer = ask();
  while (!good(answer) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kBetweenLooks);
    answer = ask();
  }
  return answer;
}

class TopicSetup {
 public:
  TopicSetup(KafkaAdmin& admin, const EngineConfig& config) : admin_(admin), config_(config) {}

  Result<TopicsReport> run() {
    EBC_TRY(user_topic("input", config_.input_topic));
    report_.input_partitions = report_.topics.front().partitions;
    for (const std::string& output : config_.output_topics) {
      if (output != config_.input_topic) EBC_TRY(user_topic("output", output));
    }
    EBC_TRY(read_input_settings());
    for (const std::string& output : config_.output_topics) EBC_TRY(room_for_outcomes(output));
    EBC_TRY(internal_topic("changelog", changelog(), 0));
    report_.homes = report_.topics.back().partitions;
    EBC_TRY(require(config_.changelog_topic(), "cleanup.policy", "compact"));
    if (report_.homes > report_.input_partitions) return too_many_homes();
    EBC_TRY(internal_topic("repartition", repartition(), report_.homes));
    EBC_TRY(require(config_.repartition_topic(), "cleanup.policy", "delete"));
    EBC_TRY(require(config_.repartition_topic(), "retention.ms", "-1"));
    EBC_TRY(require(config_.repartition_topic(), "message.timestamp.type", "CreateTime"));
    EBC_TRY(internal_topic("dead letters", dead_letters(), 0));
    if (!config_.embedded_broker) EBC_TRY(internal_topic("instances", instances(), 0));
    return std::move(report_);
  }

 private:
  Status user_topic(const char* kind, const std::string& name) {
    auto facts = look(name);
    if (!facts.ok()) return facts.status();
    bool created = false;
    if (!facts->exists) {
      if (config_.create_topics != CreateTopics::All) {
        return {Verdict::Fatal,
                fmt::format("the {} topic {} doesn't exist. Create it (12 partitions are a good start), "
                            "or let it be made with --create-topics all",
                            kind, name)};
      }
      facts = make({.name = name,
                    .partitions = config_.partitions,
                    .replication_factor = config_.replication_factor > 0 ? config_.replication_factor : -1,
                    .config = {}});
      if (!facts.ok()) return facts.status();
      created = true;
    }
    note(kind, name, *facts, created);
    return {};
  }

  Status internal_topic(const char* kind, TopicSpec spec, int partitions_required) {
    auto facts = look(spec.name);
    if (!facts.ok()) return facts.status();
    bool created = false;
    if (!facts->exists) {
      if (config_.create_topics == CreateTopics::None) {
        return {Verdict::Fatal, fmt::format("the topic {} ({}) doesn't exist, and --create-topics none forbids to make "
                                            "it. Create it with {} partitions and {}",
                                            spec.name, kind, spec.partitions, settings(spec))};
      }
      facts = make(spec);
      if (!facts.ok()) return facts.status();
      created = true;
    }
    if (partitions_required > 0 && facts->partitions != partitions_required) {
      return {Verdict::Fatal,
              fmt::format("the topic {} has {} partitions, but {} has {}; they must be equal. Make it "
                          "anew while no instance runs",
                          spec.name, facts->partitions, config_.changelog_topic(), partitions_required)};
    }
    note(kind, spec.name, *facts, created);
    return {};
  }

  /// Kafka shows no topic to who may not describe it; asked for by name, it tells a denial from a topic that isn't
  /// there. One that another instance made since we looked shows up; a hidden one never does.
  Result<TopicFacts> look(const std::string& name) {
    auto facts = admin_.facts(name);
    if (!facts.ok() || facts->exists || config_.embedded_broker) return facts;
    const auto settings = admin_.config_of(name);
    if (settings.ok()) {
      if (const auto shown = appears(name)) return *shown;
      return denial(fmt::format("the topic {} is there but hidden from us", name), seeing(name));
    }
    // Then it may be there or not; who may make it finds out.
    const bool denied = denies_a_right(settings.status()) && config_.create_topics == CreateTopics::None;
    if (denied) return denial(fmt::format("the topic {} isn't shown to us", name), seeing(name));
    return facts;
  }

  static std::string seeing(const std::string& topic) {
    return fmt::format("Describe, Read or Write on the topic {}", topic);
  }

  Result<TopicFacts> make(const TopicSpec& spec) {
    EBC_TRY(admin_.create(spec));
    if (const auto shown = appears(spec.name)) return *shown;
    return Status(Verdict::Retry, fmt::format("the topic {} was made but doesn't show up", spec.name));
  }

  std::optional<TopicFacts> appears(const std::string& name) {
    const auto shown = [](const auto& facts) { return facts.ok() && facts.value().exists; };
    const auto facts = patiently([&] { return admin_.facts(name); }, shown);
    return shown(facts) ? std::optional(facts.value()) : std::nullopt;
  }

  /// Of a topic that is there, if not known to every broker yet; asked for once.
  Result<const TopicSettings*> settings_of(const std::string& topic) {
    const auto known = settings_.find(topic);
    if (known != settings_.end()) return &known->second;
    auto settings = patiently([&] { return admin_.config_of(topic); },
                              [](const auto& asked) { return asked.status().verdict() != Verdict::Retry; });
    if (!settings.ok()) return settings.status();
    return &settings_.emplace(topic, std::move(*settings)).first->second;
  }

  Status require(const std::string& topic, const std::string& name, const std::string& value) {
    if (config_.embedded_broker) return {};
    auto settings = settings_of(topic);
    if (!settings.ok()) return settings.status();
    const auto it = (*settings)->find(name);
    if (it == (*settings)->end() || it->second == value) return {};
    return {Verdict::Fatal,
            fmt::format("the topic {} has {}={}, but it must be {}. Change it with kafka-configs --alter "
                        "--topic {} --add-config {}={}",
                        topic, name, it->second, value, topic, name, value)};
  }

  /// An outcome that its topic doesn't take would hold its home up for good. Who may not ask for the limit is trusted
  /// to know it.
  Status room_for_outcomes(const std::string& topic) {
    if (config_.embedded_broker || config_.largest_output_bytes == 0) return {};
    auto settings = settings_of(topic);
    if (denies_a_right(settings.status())) return {};
    if (!settings.ok()) return settings.status();
    const auto limit = (*settings)->find("max.message.bytes");
    if (limit == (*settings)->end()) return {};
    const std::size_t needed = config_.largest_output_bytes + kRoomForEnvelope;
    if (std::stoull(limit->second) >= needed) return {};
    return {
        Verdict::Fatal,
        fmt::format("the topic {} takes messages of {} bytes (max.message.bytes), and an outcome may have {}. Set "
                    "--max-outcome-bytes to at most {}, or change the topic with kafka-configs --alter --topic {} "
                    "--add-config max.message.bytes={}",
                    topic, limit->second, config_.largest_output_bytes,
                    std::max<std::int64_t>(0, std::stoll(limit->second) - static_cast<std::int64_t>(kRoomForEnvelope)),
                    topic, needed)};
  }

  Status too_many_homes() const {
    return {
        Verdict::Fatal,
        fmt::format("{} has {} partitions and {} only {}: the input topic was made anew with fewer. Make it with at "
                    "least {}, or use another --app-id",
                    config_.changelog_topic(), report_.homes, config_.input_topic, report_.input_partitions,
                    report_.homes)};
  }

  Status read_input_settings() {
    if (config_.embedded_broker) return {};
    auto asked = settings_of(config_.input_topic);
    if (!asked.ok()) return asked.status();
    const TopicSettings& settings = **asked;
    if (const auto it = settings.find("max.message.bytes"); it != settings.end()) {
      max_message_bytes_ = std::stoull(it->second) + kRoomForHeaders;
    }
    if (const auto it = settings.find("min.insync.replicas"); it != settings.end()) min_insync_ = it->second;
    const int replicas = replication_factor();
    if (replicas > 1 && std::stoi(min_insync_) >= replicas) {
      spdlog::warn("topics with {} replicas and min.insync.replicas={} can't be written while one broker is down",
                   replicas, min_insync_);
    }
    return {};
  }

  int replication_factor() const {
    return config_.replication_factor > 0 ? config_.replication_factor
                                          : std::max(1, report_.topics.front().replication_factor);
  }

  TopicSpec spec(std::string name, int partitions, std::map<std::string, std::string> settings) const {
    settings["max.message.bytes"] = std::to_string(max_message_bytes_);
    settings["min.insync.replicas"] = min_insync_;
    return {.name = std::move(name),
            .partitions = partitions,
            .replication_factor = replication_factor(),
            .config = std::move(settings)};
  }
  TopicSpec changelog() const {
    return spec(config_.changelog_topic(), report_.input_partitions,
                {{"cleanup.policy", "compact"},
                 {"segment.bytes", "67108864"},
                 {"min.cleanable.dirty.ratio", "0.1"},
                 {"max.compaction.lag.ms", "3600000"},
                 {"delete.retention.ms", "86400000"}});
  }
  TopicSpec repartition() const {
    // Timestamps are the producers' and must neither expire records nor be refused.
    return spec(config_.repartition_topic(), report_.homes,
                {{"cleanup.policy", "delete"},
                 {"retention.ms", "-1"},
                 {"retention.bytes", "-1"},
                 {"message.timestamp.type", "CreateTime"},
                 {"message.timestamp.before.max.ms", "9223372036854775807"},
                 {"message.timestamp.after.max.ms", "9223372036854775807"}});
  }
  TopicSpec dead_letters() const {
    return spec(config_.dead_letter_topic(), 1, {{"cleanup.policy", "delete"}, {"retention.ms", "1209600000"}});
  }
  TopicSpec instances() const {
    // A record a second and instance: small segments, so that who comes reads little.
    return spec(config_.instances_topic(), 1,
                {{"cleanup.policy", "compact"},
                 {"segment.bytes", "4194304"},
                 {"min.cleanable.dirty.ratio", "0.1"},
                 {"delete.retention.ms", "3600000"}});
  }

  static std::string settings(const TopicSpec& spec) {
    std::string text;
    for (const auto& [name, value] : spec.config) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
    return text;
  }

  void note(const char* kind, const std::string& name, const TopicFacts& facts, bool created) {
    report_.topics.push_back({.name = name,
                              .kind = kind,
                              .partitions = facts.partitions,
                              .replication_factor = facts.replication_factor,
                              .created = created});
  }

  KafkaAdmin& admin_;
  const EngineConfig& config_;
  TopicsReport report_;
  std::size_t max_message_bytes_ = 1'048'588 + kRoomForHeaders;
  std::map<std::string, TopicSettings> settings_;  ///< by topic, of those looked at
  std::string min_insync_ = "1";
};

}  // namespace

Result<TopicsReport> set_up_topics(KafkaAdmin& admin, const EngineConfig& config) {
  return TopicSetup(admin, config).run();
}

}  // namespace ebc::topology
