// The one table of options. --help, the flags, the environment variables and the keys of the TOML file all come from
// it, so an option exists everywhere or nowhere.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::app {

/// Commands that an option belongs to; a bit each.
enum Scope : unsigned {
  kRun = 1u << 0,
  kDev = 1u << 1,
  kTopics = 1u << 2,
  kCreate = 1u << 3,
  kDone = 1u << 4,
  kFail = 1u << 5,
  kWatch = 1u << 6,
  kUpdate = 1u << 9,
  kCancel = 1u << 10,
  kReplay = 1u << 11,
  kReset = 1u << 12,
  kInspect = 1u << 13,
  kVerify = 1u << 14,
  kGet = 1u << 20,
  kLs = 1u << 21,
};
inline constexpr unsigned kCollector = kRun | kDev;
inline constexpr unsigned kClients = kCreate | kDone | kFail | kUpdate | kCancel | kWatch | kReplay;
inline constexpr unsigned kStopped = kInspect | kVerify;  ///< that look at a stopped instance's state folder
inline constexpr unsigned kReaders = kGet | kLs;          ///< they talk HTTP, not Kafka
inline constexpr unsigned kEverywhere = kCollector | kTopics | kReset | kClients | kStopped;
inline constexpr unsigned kWithKafka = kEverywhere & ~kInspect;

enum class OptionKind {
  Text,
  List,        ///< parts between commas; the flag may be repeated
  Pairs,       ///< KEY=VALUE; the flag may be repeated, a table in the TOML file
  Choice,      ///< one of `choices`
  Integer,     ///< min..max
  DurationMs,  ///< min..max in ms
  Bytes,       ///< min..max in bytes
  Time,        ///< one of `choices`, or a point in time
  Switch,      ///< a flag without value
};

struct OptionSpec {
  std::string_view name;  ///< flag without its dashes; also the TOML key
  OptionKind kind = OptionKind::Text;
  std::string_view value_name = "";    ///< what --help calls the value
  std::string_view default_text = "";  ///< as a user would write it; empty: none
  std::string_view help = "";
  unsigned scope = kEverywhere;
  std::string_view section = "";  ///< heading in --help
  std::vector<std::string_view> choices = {};
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string_view> flag_aliases = {};
  std::vector<std::string_view> env_aliases = {};
  bool secret = false;            ///< from the environment only, never a flag or a key of the file
  std::string_view instead = "";  ///< of a secret: the option that takes a file with it
  bool per_call = false;          ///< says what this one call does: a flag only
};

/// In the order in which --help shows them.
std::span<const OptionSpec> option_table();

/// nullptr when there is none; aliases count.
const OptionSpec* find_option(std::string_view name);

/// "commit-interval" -> "EB_COLLECTOR_COMMIT_INTERVAL".
std::string environment_name(std::string_view option_name);

/// Variables that begin with this set one librdkafka setting each: EB_COLLECTOR_KAFKA_SASL_PASSWORD is sasl.password.
inline constexpr std::string_view kKafkaEnvironmentPrefix = "EB_COLLECTOR_KAFKA_";

}  // namespace ebc::app
