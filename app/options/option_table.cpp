#include "app/options/option_table.h"

#include <algorithm>
#include <array>

namespace ebc::app {
namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kGiB = 1LL << 30;

using K = OptionKind;

// One option is a few lines here, not fifteen.
// clang-format off

void add_kafka(std::vector<OptionSpec>& table) {
  constexpr std::string_view kSection = "Kafka";
  table.insert(table.end(), {
    {.name = "brokers", .kind = K::Text, .value_name = "HOST:PORT,...", .default_text = "127.0.0.1:9092",
     .help = "Bootstrap addresses of the Kafka cluster", .scope = kWithKafka & ~kDev, .section = kSection,
     .flag_aliases = {"brokerlist"}, .env_aliases = {"COLLECTOR_BROKERLIST"}},
    {.name = "topic", .kind = K::Text, .value_name = "NAME", .default_text = "eventbus-collector",
     .help = "Topic with the commands", .scope = kWithKafka & ~kVerify, .section = kSection, .flag_aliases = {"event-topic"},
     .env_aliases = {"COLLECTOR_EVENT_TOPIC"}},
    {.name = "output-topic", .kind = K::Text, .value_name = "NAME",
     .help = "Topic for the outcomes; the input topic unless given. On a topic shared with other "
             "read_committed consumers a killed collector holds them up for up to --transaction-timeout",
     .scope = kCollector | kTopics | kCreate | kWatch, .section = kSection},
    {.name = "app-id", .kind = K::Text, .value_name = "NAME", .default_text = "eb-collector",
     .help = "Consumer group, and prefix of the internal topics and transactional ids",
     .scope = kCollector | kTopics | kReplay | kReset,
     .section = kSection},
    {.name = "kafka", .kind = K::Pairs, .value_name = "KEY=VALUE",
     .help = "A setting of librdkafka; consumer., producer. or admin. before the key narrows it. Repeatable. "
             "EB_COLLECTOR_KAFKA_SASL_PASSWORD sets sasl.password, and so on: secrets go there or into "
             "--kafka-secrets-file", .scope = kWithKafka, .section = kSection},
    {.name = "kafka-secrets-file", .kind = K::Text, .value_name = "FILE",
     .help = "Lines KEY=VALUE with librdkafka settings that must not stand on a command line, like sasl.password",
     .scope = kWithKafka, .section = kSection},
    {.name = "start-timeout", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "60s",
     .help = "How long to try to reach Kafka before giving up with exit code 3", .scope = kWithKafka, .section = kSection, .min = 100,
     .max = kDay},
  });
}

void add_topics(std::vector<OptionSpec>& table) {
  constexpr std::string_view kSection = "Topics";
  table.insert(table.end(), {
    {.name = "create-topics", .kind = K::Choice, .value_name = "WHICH", .default_text = "internal",
     .help = "Missing topics to make: none, the internal ones, or all (input and output too)",
     .scope = kRun | kTopics, .section = kSection, .choices = {"internal", "all", "none"}},
    {.name = "partitions", .kind = K::Integer, .value_name = "N", .default_text = "12",
     .help = "Partitions of input and output topics made with --create-topics=all", .scope = kRun | kTopics,
     .section = kSection, .min = 1, .max = 10'000},
    {.name = "replication-factor", .kind = K::Integer, .value_name = "N", .default_text = "0",
     .help = "Of topics made; 0: that of the input topic, or the broker's default", .scope = kRun | kTopics | kReset,
     .section = kSection, .min = 0, .max = 32'767},
  });
}

void add_groups(std::vector<OptionSpec>& table) {
  constexpr std::string_view kSection = "Event groups";
  table.insert(table.end(), {
    {.name = "default-ttl", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "30s",
     .help = "Time to live of a group whose Create names none", .scope = kCollector, .section = kSection, .min = 1,
     .max = 3'650 * kDay},
    {.name = "max-ttl", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "30d",
     .help = "A Create with a longer one is invalid", .scope = kCollector, .section = kSection, .min = 1,
     .max = 3'650 * kDay},
    {.name = "orphan-ttl", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "30s",
     .help = "How long a Done, Update or Cancel waits for its Create", .scope = kCollector, .section = kSection,
     .min = 0, .max = 30 * kDay},
    {.name = "resolved-retention", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "10min",
     .help = "How long a resolved group is remembered, to know repeats and late events", .scope = kCollector,
     .section = kSection, .min = 0, .max = 30 * kDay},
    {.name = "late", .kind = K::Choice, .value_name = "WHAT", .default_text = "count",
     .help = "Events of a resolved group: only count them, or send them to the dead letters too", .scope = kCollector,
     .section = kSection, .choices = {"count", "dead-letter"}},
    {.name = "reuse", .kind = K::Choice, .value_name = "WHAT", .default_text = "allow",
     .help = "Another Create of a resolved group: opens a new one, or is ignored while the old is remembered",
     .scope = kCollector, .section = kSection, .choices = {"allow", "ignore"}},
    {.name = "foreign", .kind = K::Choice, .value_name = "WHAT", .default_text = "dead-letter",
     .help = "Records that are no JSON object with a type: dead letters, or skipped (a bus with other formats)",
     .scope = kCollector, .section = kSection, .choices = {"dead-letter", "skip"}},
    {.name = "carry-headers", .kind = K::List, .value_name = "NAME,...",
     .default_text = "traceparent,tracestate,kafka_correlationId",
     .help = "Kafka headers of the Create that are put on the outcome", .scope = kCollector, .section = kSection},
    {.name = "handler-topics", .kind = K::List, .value_name = "TOPIC,...",
     .help = "Topics that a group's handler may write to; * stands for any characters. None unless given",
     .scope = kCollector, .section = kSection},
    {.name = "max-outcome-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "900KiB",
     .help = "A group whose outcome would be larger fails", .scope = kCollector, .section = kSection, .min = 16 * kKiB,
     .max = kGiB},
    {.name = "max-message-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "1MiB",
     .help = "A larger command is refused", .scope = kCollector, .section = kSection, .min = kKiB, .max = kGiB},
    {.name = "max-depth", .kind = K::Integer, .value_name = "N", .default_text = "128",
     .help = "JSON nested deeper is refused", .scope = kCollector, .section = kSection, .min = 2, .max = 1'000},
    {.name = "max-id-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "512",
     .help = "Longest group or entity id", .scope = kCollector, .section = kSection, .min = 1, .max = 16 * kKiB},
    {.name = "max-entities", .kind = K::Integer, .value_name = "N", .default_text = "100000",
     .help = "Most entities of one group", .scope = kCollector, .section = kSection, .min = 1, .max = 10'000'000},
    {.name = "max-waiting-events", .kind = K::Integer, .value_name = "N", .default_text = "100000",
     .help = "Most events kept for one group before its Create or its seal", .scope = kCollector, .section = kSection,
     .min = 1, .max = 10'000'000},
  });
}

void add_processing(std::vector<OptionSpec>& table) {
  constexpr std::string_view kSection = "Processing";
  table.insert(table.end(), {
    {.name = "guarantee", .kind = K::Choice, .value_name = "WHICH", .default_text = "exactly-once",
     .help = "At-least-once sends outcomes before the commit, and may repeat them after a crash or rebalance", .scope = kRun,
     .section = kSection,
     .choices = {"exactly-once", "at-least-once"}},
    {.name = "commit-interval", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "100ms",
     .help = "Longest time between two commits while there is work; three times that, up to 1 s, in a backlog", .scope = kCollector, .section = kSection,
     .min = 1, .max = kMinute},
    {.name = "transaction-timeout", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "10s",
     .help = "After this the broker ends the open transaction of a collector that died", .scope = kRun,
     .section = kSection, .min = kSecond, .max = 15 * kMinute},
    {.name = "session-timeout", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "10s",
     .help = "After this the partitions of a silent collector go to others", .scope = kRun | kReset, .section = kSection,
     .min = kSecond, .max = 30 * kMinute},
    {.name = "threads", .kind = K::Integer, .value_name = "N", .default_text = "1",
     .help = "Stream threads; each takes its share of the partitions", .scope = kRun, .section = kSection, .min = 1,
     .max = 256},
    {.name = "standby", .kind = K::Integer, .value_name = "N", .default_text = "0",
     .help = "How many other instances keep a copy of each partition's state up to date, so that taking it over is "
             "quick", .scope = kRun, .section = kSection, .min = 0, .max = 16},
    {.name = "client-stall-timeout", .kind = K::DurationMs, .value_name = "DURATION", .default_text = "60s",
     .help = "A Kafka client that makes no progress for so long, though there is something and Kafka answers others, is "
             "replaced", .scope = kRun, .section = kSection, .min = 5 * kSecond, .max = kDay},
    {.name = "from", .kind = K::Time, .value_name = "WHERE", .default_text = "earliest",
     .help = "Where the first start of this application begins: earliest, latest, or a time like "
             "2026-07-17T23:38:21Z", .scope = kRun, .section = kSection, .choices = {"earliest", "latest"}},
    {.name = "on-lost-offsets", .kind = K::Choice, .value_name = "WHAT", .default_text = "stop",
     .help = "When the topic no longer holds where we stopped: stop, or go on at its earliest record", .scope = kRun,
     .section = kSection, .choices = {"stop", "earliest"}},
    {.name = "on-stop", .kind = K::Choice, .value_name = "WHAT", .default_text = "leave",
     .help = "Give the partitions up when stopped, or let them stay ours for --session-timeout (rolling restarts)",
     .scope = kRun, .section = kSection, .choices = {"leave", "stay"}},
    {.name = "instance-id", .kind = K::Text, .value_name = "ID",
     .help = "Static member id in the consumer group; made at first start and kept in the state folder unless "
             "given. none: a dynamic member", .scope = kRun, .section = kSection},
  });
}

void add_memory(std::vector<OptionSpec>& table) {
  constexpr std::string_view kSection = "State and memory";
  table.insert(table.end(), {
    {.name = "state-dir", .kind = K::Text, .value_name = "FOLDER",
     .help = "Local state, one folder for each instance; $STATE_DIRECTORY, else ~/.local/state/eb-collector",
     .scope = kRun | kStopped, .section = kSection},
    {.name = "buffer-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "32MiB",
     .help = "Uncommitted state and outputs a thread may hold before it commits", .scope = kCollector,
     .section = kSection, .min = kMiB, .max = 4 * kGiB},
    {.name = "buffer-records", .kind = K::Integer, .value_name = "N", .default_text = "125000",
     .help = "Records a thread may process before it commits", .scope = kCollector, .section = kSection, .min = 1,
     .max = 10'000'000},
    {.name = "row-cache-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "40MiB",
     .help = "Rows written last and held in memory, for each thread; 0: none", .scope = kCollector, .section = kSection,
     .max = 16 * kGiB},
    {.name = "cache-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "64MiB",
     .help = "RocksDB block cache of the process", .scope = kCollector, .section = kSection, .min = kMiB,
     .max = 1024 * kGiB},
    {.name = "write-buffer-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "48MiB",
     .help = "RocksDB memtables of the process", .scope = kCollector, .section = kSection, .min = kMiB,
     .max = 1024 * kGiB},
    {.name = "group-cache-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "16MiB",
     .help = "Groups held decoded, for each thread", .scope = kCollector, .section = kSection, .min = 64 * kKiB,
     .max = 1024 * kGiB},
    {.name = "marker-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "32MiB",
     .help = "Resolved groups remembered, for each thread; one takes some 60 bytes", .scope = kCollector, .section = kSection,
     .min = 64 * kKiB, .max = 1024 * kGiB},
    {.name = "recent-outcome-bytes", .kind = K::Bytes, .value_name = "SIZE", .default_text = "16MiB",
     .help = "Outcomes of the last while kept for HTTP; 0: none", .scope = kCollector, .section = kSection, .min = 0,
     .max = 64 * kGiB},
  });
}

void add_http_and_log(std::vector<OptionSpec>& table) {
  constexpr std::string_view kHttp = "HTTP";
  constexpr std::string_view kLog = "Logging and configuration";
  table.insert(table.end(), {
    {.name = "http", .kind = K::Text, .value_name = "HOST:PORT", .default_text = "127.0.0.1:8080",
     .help = "Address of the probes, metrics and API; off turns it off", .scope = kCollector, .section = kHttp},
    {.name = "http-advertise", .kind = K::Text, .value_name = "HOST:PORT",
     .help = "Where the other instances reach this one's HTTP; that of --http unless given, with the host's name when "
             "that means every address", .scope = kRun, .section = kHttp},
    {.name = "http-insecure", .kind = K::Switch,
     .help = "Serve /v1 without a token on an address other than loopback", .scope = kCollector, .section = kHttp},
    {.name = "http-token-file", .kind = K::Text, .value_name = "FILE",
     .help = "File with the token that /v1 calls must bring as Authorization: Bearer", .scope = kCollector | kReaders,
     .section = kHttp},
    {.name = "http-token", .kind = K::Text, .value_name = "TOKEN", .help = "The token itself", .scope = kCollector | kReaders,
     .section = kHttp, .secret = true, .instead = "http-token-file"},
    {.name = "log-format", .kind = K::Choice, .value_name = "FORMAT", .default_text = "text",
     .help = "Lines for people or JSON objects for machines, on stderr", .scope = kEverywhere | kReaders, .section = kLog,
     .choices = {"text", "json"}},
    {.name = "log-level", .kind = K::Choice, .value_name = "LEVEL", .default_text = "info",
     .help = "Least severe messages shown", .scope = kEverywhere | kReaders, .section = kLog,
     .choices = {"trace", "debug", "info", "warn", "error", "off"}},
    {.name = "config", .kind = K::Text, .value_name = "FILE", .help = "TOML file with any of these options as keys",
     .scope = kEverywhere | kReaders, .section = kLog},
  });
}

void add_calls(std::vector<OptionSpec>& table) {
  constexpr std::string_view kSection = "This command";
  table.insert(table.end(), {
    {.name = "port", .kind = K::Integer, .value_name = "PORT", .default_text = "9092",
     .help = "Port of the embedded broker on 127.0.0.1; 0: any free one", .scope = kDev, .section = kSection,
     .min = 0, .max = 65'535},
    {.name = "expected", .kind = K::List, .value_name = "ID,...", .help = "Entities that the group waits for",
     .scope = kCreate, .section = kSection, .per_call = true},
    {.name = "ttl", .kind = K::Text, .value_name = "SECONDS",
     .help = "Time to live; of create, the collector's default unless given", .scope = kCreate | kUpdate,
     .section = kSection,
     .per_call = true},
    {.name = "payload", .kind = K::Text, .value_name = "JSON", .help = "Handed back with the outcome, byte for byte",
     .scope = kCreate, .section = kSection, .per_call = true},
    {.name = "policy", .kind = K::Text, .value_name = "POLICY",
     .help = "all, allSettled, any, race, quorum:K, tolerate:N, or the policy as JSON", .scope = kCreate,
     .section = kSection, .per_call = true},
    {.name = "wait", .kind = K::Switch,
     .help = "Wait for the outcome and print it; exit code 1 on Failure, or when ttl + 10 s are over",
     .scope = kCreate, .section = kSection, .per_call = true},
    {.name = "add", .kind = K::List, .value_name = "A,B,...",
     .help = "Entities that the group waits for from now on; only before it is sealed", .scope = kUpdate,
     .section = kSection, .per_call = true},
    {.name = "seal", .kind = K::Switch, .help = "No more entities are added: the group may succeed", .scope = kUpdate,
     .section = kSection, .per_call = true},
    {.name = "reason", .kind = K::Text, .value_name = "TEXT",
     .help = "Of cancel: what the outcome gives as its error. Of replay-dead-letters: only letters with this reason, "
             "or with one of several, like no-such-group,sealed", .scope = kCancel | kReplay, .section = kSection,
     .per_call = true},
    {.name = "to", .kind = K::Text, .value_name = "TOPIC", .help = "Where to; --topic unless given", .scope = kReplay,
     .section = kSection, .per_call = true},
    {.name = "execute", .kind = K::Switch, .help = "Send them; without it they are only listed", .scope = kReplay,
     .section = kSection, .per_call = true},
    {.name = "again", .kind = K::Switch, .help = "Also those that were replayed before", .scope = kReplay,
     .section = kSection, .per_call = true},
    {.name = "yes", .kind = K::Switch, .help = "Don't ask", .scope = kReset, .section = kSection, .per_call = true},
    {.name = "result", .kind = K::Text, .value_name = "JSON", .help = "What the entity gave; null unless given",
     .scope = kDone, .section = kSection, .per_call = true},
    {.name = "error", .kind = K::Text, .value_name = "TEXT", .help = "What went wrong; required", .scope = kFail,
     .section = kSection, .per_call = true},
    {.name = "all", .kind = K::Switch, .help = "Show commands and other events too, not only outcomes",
     .scope = kWatch, .section = kSection, .per_call = true},
    {.name = "groups", .kind = K::Switch, .help = "List the open groups too, with what each waits for",
     .scope = kInspect, .section = kSection, .per_call = true},
    {.name = "server", .kind = K::Text, .value_name = "URL", .default_text = "http://127.0.0.1:8080",
     .help = "HTTP address of any instance", .scope = kReaders, .section = kSection},
    {.name = "state", .kind = K::Choice, .value_name = "STATE", .default_text = "open",
     .help = "Which groups: open, or resolved lately", .scope = kLs, .section = kSection,
     .choices = {"open", "resolved", "success", "failure"}, .per_call = true},
    {.name = "label", .kind = K::Text, .value_name = "NAME:VALUE", .help = "Only groups with this label", .scope = kLs,
     .section = kSection, .per_call = true},
    {.name = "limit", .kind = K::Integer, .value_name = "N", .default_text = "100", .help = "Groups listed at most",
     .scope = kLs, .section = kSection, .min = 1, .max = 1'000, .per_call = true},
    {.name = "json", .kind = K::Switch, .help = "One JSON object a line, for scripts",
     .scope = kTopics | kReset | kClients | kStopped | kReaders,
     .section = kSection, .per_call = true},
  });
}

// clang-format on

std::vector<OptionSpec> make_table() {
  std::vector<OptionSpec> table;
  add_calls(table);
  add_kafka(table);
  add_topics(table);
  add_groups(table);
  add_processing(table);
  add_memory(table);
  add_http_and_log(table);
  return table;
}

}  // namespace

std::span<const OptionSpec> option_table() {
  static const std::vector<OptionSpec> table = make_table();
  return table;
}

const OptionSpec* find_option(std::string_view name) {
  for (const auto& option : option_table()) {
    if (option.name == name || std::ranges::count(option.flag_aliases, name) > 0) return &option;
  }
  return nullptr;
}

std::string environment_name(std::string_view option_name) {
  std::string name = "EB_COLLECTOR_";
  for (const char c : option_name) {
    name += c == '-' ? '_' : (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

}  // namespace ebc::app
