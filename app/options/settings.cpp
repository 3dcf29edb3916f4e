#include "app/options/settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "app/options/kafka_passthrough.h"
#include "app/options/values.h"
#include "processor/group/collector.h"

namespace ebc::app {
namespace {

using topology::EngineConfig;

// Kafka's own rule, so that a typo is named here and not by a broker.
void check_topic(const std::string& name, const std::string& where, Faults& faults) {
  const bool legal =
      !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == std::string::npos;
  if (!legal) {
    faults.push_back(
        fmt::format("{}: \"{}\" can't be a Kafka name; letters, digits, . _ and - only, at most 249", where, name));
  }
}

void check_brokers(const std::string& brokers, const std::string& where, Faults& faults) {
  if (split_list(brokers).empty()) faults.push_back(fmt::format("{}: no broker given, write HOST:PORT", where));
}

std::filesystem::path default_state_dir(const Environment& environment) {
  // systemd may give several folders, parted by colons; the first is the unit's main one.
  if (const auto given = environment.find("STATE_DIRECTORY"); given != environment.end() && !given->second.empty()) {
    return given->second.substr(0, given->second.find(':'));
  }
  if (const auto home = environment.find("HOME"); home != environment.end() && !home->second.empty()) {
    return std::filesystem::path(home->second) / ".local/state/eb-collector";
  }
  return {};
}

topology::InitialOffset initial_offset(const std::string& text) {
  using Kind = topology::InitialOffset::Kind;
  if (text == "earliest") return {Kind::Earliest, {}};
  if (text == "latest") return {Kind::Latest, {}};
  const auto time = parse_time(text);
  return {Kind::Time, time.ok() ? time.value() : Timestamp{}};
}

topology::CreateTopics which_topics(const std::string& text) {
  if (text == "all") return topology::CreateTopics::All;
  return text == "none" ? topology::CreateTopics::None : topology::CreateTopics::Internal;
}

group::CollectorOptions group_settings(const ResolvedOptions& options, const EngineConfig& engine, Faults& faults) {
  const auto size = [&](std::string_view name) { return static_cast<std::size_t>(options.bytes(name)); };
  const auto count = [&](std::string_view name) { return static_cast<std::size_t>(options.integer(name)); };
  group::CollectorOptions groups;
  groups.input_topic = engine.input_topic;
  groups.output_topic = engine.output_topics.front();
  groups.dead_letter_topic = engine.dead_letter_topic();
  groups.default_ttl = options.duration("default-ttl");
  groups.max_ttl = options.duration("max-ttl");
  groups.orphan_ttl = options.duration("orphan-ttl");
  groups.resolved_retention = options.duration("resolved-retention");
  groups.late_to_dead_letters = options.text("late") == "dead-letter";
  groups.ignore_reuse = options.text("reuse") == "ignore";
  groups.skip_foreign = options.text("foreign") == "skip";
  groups.carry_headers = options.list("carry-headers");
  groups.handler_topics = options.list("handler-topics");
  groups.max_outcome_bytes = size("max-outcome-bytes");
  groups.max_message_bytes = size("max-message-bytes");
  groups.max_id_bytes = size("max-id-bytes");
  groups.max_depth = static_cast<int>(options.integer("max-depth"));
  groups.max_entities = count("max-entities");
  groups.max_waiting_events = count("max-waiting-events");
  groups.cache_bytes = size("group-cache-bytes");
  groups.marker_bytes = size("marker-bytes");
  if (groups.default_ttl > groups.max_ttl) {
    faults.push_back(fmt::format("{} ({}) is longer than {} ({})", options.where("default-ttl"),
                                 format_duration(groups.default_ttl), options.where("max-ttl"),
                                 format_duration(groups.max_ttl)));
  } else {
    for (std::string& fault : group::validate(groups)) faults.push_back(std::move(fault));
  }
  return groups;
}

void add_engine_options(const ResolvedOptions& options, EngineConfig& config, Faults& faults) {
  config.threads = static_cast<int>(options.integer("threads"));
  config.standbys = static_cast<int>(options.integer("standby"));
  config.stall_timeout = options.duration("client-stall-timeout");
  config.commit_interval = options.duration("commit-interval");
  config.buffer_bytes = static_cast<std::size_t>(options.bytes("buffer-bytes"));
  config.buffer_records = static_cast<std::size_t>(options.integer("buffer-records"));
  config.row_cache_bytes = static_cast<std::size_t>(options.bytes("row-cache-bytes"));
  config.cache_bytes = static_cast<std::size_t>(options.bytes("cache-bytes"));
  config.write_buffer_bytes = static_cast<std::size_t>(options.bytes("write-buffer-bytes"));
  config.session_timeout = options.duration("session-timeout");
  config.transaction_timeout = options.duration("transaction-timeout");
  config.from = initial_offset(options.text("from"));
  config.guarantee = options.text("guarantee") == "at-least-once" ? topology::Guarantee::AtLeastOnce
                                                                  : topology::Guarantee::ExactlyOnce;
  config.on_stop = options.text("on-stop") == "stay" ? topology::OnStop::Stay : topology::OnStop::Leave;
  config.on_lost_offsets =
      options.text("on-lost-offsets") == "earliest" ? topology::OnLostOffsets::Earliest : topology::OnLostOffsets::Stop;
  if (const auto id = options.text("instance-id"); id == "none") {
    config.instance_id = "";
  } else if (!id.empty()) {
    check_topic(id, options.where("instance-id"), faults);  // the broker has the same rule for both
    config.instance_id = id;
  }
}

}  // namespace

std::string advertised_address(const HttpSettings& http, std::uint16_t port) {
  if (!http.enabled) return {};
  if (!http.advertise.empty()) return "http://" + http.advertise;
  std::string host = http.host;
  if (host == "0.0.0.0" || host == "::") {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0') host = name.data();
  }
  const bool ipv6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", ipv6 ? "[" : "", host, ipv6 ? "]" : "", port);
}

bool split_address(std::string_view text, std::string& host, std::uint16_t& port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  auto name = text.substr(0, colon);
  if (name.starts_with('[') && name.ends_with(']')) {
    name = name.substr(1, name.size() - 2);
  } else if (name.find(':') != std::string_view::npos) {
    return false;  // an IPv6 address without brackets: where would the port begin?
  }
  const auto number = parse_integer(text.substr(colon + 1));
  if (!number.ok() || number.value() < 0 || number.value() > 65'535) return false;
  host = name.empty() ? "0.0.0.0" : std::string(name);
  port = static_cast<std::uint16_t>(number.value());
  return true;
}

LogSettings log_settings(const ResolvedOptions& options) {
  return {options.text("log-format"), options.text("log-level")};
}

std::string token_settings(const ResolvedOptions& options, Faults& faults) {
  auto token = options.text("http-token");
  const auto path = options.text("http-token-file");
  if (path.empty()) return token;
  const auto where = options.where("http-token-file");
  if (!token.empty()) {
    faults.push_back(fmt::format("{}: {} is set too; give one of them", where, options.where("http-token")));
    return {};
  }
  std::ifstream in(path);
  std::string line;
  if (!in || !std::getline(in, line)) {
    faults.push_back(fmt::format("{}: can't read a token from {}", where, path));
    return {};
  }
  token = trim(line);
  if (token.empty()) faults.push_back(fmt::format("{}: {} holds an empty token", where, path));
  return token;
}

HttpSettings http_settings(const ResolvedOptions& options, Faults& faults) {
  HttpSettings http;
  http.insecure = options.on("http-insecure");
  http.token = token_settings(options, faults);
  const auto address = options.text("http");
  if (address == "off") {
    http.enabled = false;
  } else if (!split_address(address, http.host, http.port)) {
    faults.push_back(fmt::format("{}: \"{}\" is no address; write HOST:PORT or off", options.where("http"), address));
  }
  http.advertise = options.text("http-advertise");
  std::string host;
  std::uint16_t port = 0;
  if (!http.advertise.empty() && (!split_address(http.advertise, host, port) || port == 0 || host == "0.0.0.0")) {
    faults.push_back(fmt::format("{}: \"{}\" is no address that others can reach; write HOST:PORT",
                                 options.where("http-advertise"), http.advertise));
  }
  return http;
}

namespace {

BusSettings bus_with(const std::vector<GivenKafkaSetting>& kafka, const ResolvedOptions& options, Faults& faults) {
  BusSettings bus;
  bus.brokers = options.text("brokers");
  bus.topic = options.text("topic");
  bus.output_topic = options.text("output-topic");
  bus.kafka = kafka_settings(kafka);
  bus.timeout = options.duration("start-timeout");
  check_brokers(bus.brokers, options.where("brokers"), faults);
  check_topic(bus.topic, options.where("topic"), faults);
  if (bus.output_topic.empty()) {
    bus.output_topic = bus.topic;
  } else {
    check_topic(bus.output_topic, options.where("output-topic"), faults);
  }
  return bus;
}

EngineConfig topics_with(const std::vector<GivenKafkaSetting>& kafka, const ResolvedOptions& options, Faults& faults) {
  const auto bus = bus_with(kafka, options, faults);
  EngineConfig config;
  config.brokers = bus.brokers;
  config.kafka = bus.kafka;
  config.input_topic = bus.topic;
  config.output_topics = {bus.output_topic};
  config.start_timeout = bus.timeout;
  config.app_id = options.text("app-id");
  config.create_topics = which_topics(options.text("create-topics"));
  config.partitions = static_cast<int>(options.integer("partitions"));
  config.replication_factor = static_cast<int>(options.integer("replication-factor"));
  // The longest suffix of an internal topic has 18 characters.
  check_topic(config.app_id + "-groups-changelog", options.where("app-id"), faults);
  return config;
}

}  // namespace

BusSettings bus_settings(const ResolvedOptions& options, Faults& faults) {
  return bus_with(given_kafka_settings(options, faults), options, faults);
}

EngineConfig topic_settings(const ResolvedOptions& options, Faults& faults) {
  return topics_with(given_kafka_settings(options, faults), options, faults);
}

std::filesystem::path state_folder(const ResolvedOptions& options, const Environment& environment, Faults& faults) {
  const auto given = options.text("state-dir");
  auto folder = given.empty() ? default_state_dir(environment) : std::filesystem::path(given);
  if (folder.empty()) faults.push_back("--state-dir: neither it nor $STATE_DIRECTORY nor $HOME is set; give a folder");
  return folder;
}

CollectorSettings collector_settings(const ResolvedOptions& options, const Environment& environment, Faults& faults) {
  CollectorSettings settings;
  const auto kafka = given_kafka_settings(options, faults);
  settings.engine = topics_with(kafka, options, faults);
  add_engine_options(options, settings.engine, faults);
  settings.groups = group_settings(options, settings.engine, faults);
  settings.engine.largest_output_bytes = settings.groups.max_outcome_bytes;
  settings.engine.largest_message_bytes = settings.groups.max_message_bytes;
  settings.http = http_settings(options, faults);
  settings.recent_outcome_bytes = static_cast<std::size_t>(options.bytes("recent-outcome-bytes"));

  auto& engine = settings.engine;
  engine.version = EBC_VERSION;
  engine.state_dir = state_folder(options, environment, faults);
  if (engine.commit_interval * 2 > engine.transaction_timeout) {
    faults.push_back(fmt::format("{} ({}) must be at most half of {} ({})", options.where("commit-interval"),
                                 format_duration(engine.commit_interval), options.where("transaction-timeout"),
                                 format_duration(engine.transaction_timeout)));
  }
  for (const auto& internal :
       {engine.changelog_topic(), engine.repartition_topic(), engine.dead_letter_topic(), engine.instances_topic()}) {
    if (engine.input_topic == internal || engine.output_topics.front() == internal) {
      faults.push_back(
          fmt::format("{}: {} is an internal topic of --app-id {}", options.where("topic"), internal, engine.app_id));
    }
  }
  settings.in_force = options_in_force(
      options, kafka, {{"state-dir", engine.state_dir.string()}, {"output-topic", engine.output_topics.front()}});
  return settings;
}

}  // namespace ebc::app
