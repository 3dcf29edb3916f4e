#include "app/http/metric_table.h"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

namespace ebc::app {
namespace {

using prometheus::MetricType;

constexpr auto kCounter = MetricType::Counter;
constexpr auto kGauge = MetricType::Gauge;
constexpr auto kHistogram = MetricType::Histogram;

// One metric is two lines here, not five.
// clang-format off

void add_groups(std::vector<MetricSpec>& table) {
  constexpr std::string_view kSection = "Event groups";
  table.insert(table.end(), {
    {"open_groups", kGauge, {}, "Groups open in the homes held.", kSection},
    {"waiting_events", kGauge, {}, "Events kept for groups that are not opened yet.", kSection},
    {"groups_opened_total", kCounter, {}, "Groups opened.", kSection},
    {"outcomes_total", kCounter, {"type", "cause"},
     "Outcomes sent. type: success or failure; cause: empty, or why it failed.", kSection},
    {"group_age_seconds", kHistogram, {},
     "Age of groups when their outcome was decided: the time of the deciding event (of a timeout, its deadline) less "
     "that of the Create.", kSection},
    {"timeout_lateness_seconds", kHistogram, {}, "How long after its deadline a timeout was made.", kSection},
    {"entities_done_total", kCounter, {}, "Entities settled.", kSection},
    {"repeats_total", kCounter, {}, "Events that said what was known already.", kSection},
    {"late_events_total", kCounter, {}, "Events of groups already resolved.", kSection},
    {"orphans_total", kCounter, {}, "Events that came before the Create of their group and were kept for it.", kSection},
    {"dead_letters_total", kCounter, {"reason"}, "Records sent to the dead letters.", kSection},
    {"skipped_records_total", kCounter, {}, "Records of other types, outcomes and tombstones.", kSection},
    {"foreign_records_total", kCounter, {},
     "Records that are no JSON object with a type, skipped by --foreign=skip.", kSection},
    {"ignored_creates_total", kCounter, {}, "Creates of resolved groups, ignored by --reuse=ignore.", kSection},
    {"handler_messages_total", kCounter, {}, "Messages sent to handlers' topics.", kSection},
    {"parent_messages_total", kCounter, {}, "Messages sent to parent groups.", kSection},
  });
}

void add_engine(std::vector<MetricSpec>& table) {
  constexpr std::string_view kSection = "Instance and homes";
  table.insert(table.end(), {
    {"info", kGauge, {"version", "instance_id"}, "Always 1; version and instance are in the labels.", kSection},
    {"ready", kGauge, {}, "1 while /readyz answers 200.", kSection},
    {"application_homes", kGauge, {}, "Homes of the whole application.", kSection},
    {"homes", kGauge, {"state"}, "Homes that this instance holds: taking, restoring or running.", kSection},
    {"home_input_lag_records", kGauge, {"home"}, "Input offsets not yet read, as of the last end known.", kSection},
    {"home_restore_lag_records", kGauge, {"home"}, "Changelog offsets still to be replayed.", kSection},
    {"home_restore_eta_seconds", kGauge, {"home"},
     "How long the rest of the replay takes at the pace so far; only while a home is restored.", kSection},
    {"standby_lag_records", kGauge, {"home"},
     "Changelog offsets that a standby here is behind; absent while it isn't known yet.", kSection},
    {"home_restored_records", kGauge, {"home"}, "Changelog records replayed when the home was taken.", kSection},
    {"home_clock_lag_seconds", kGauge, {"home"},
     "Age of the moment up to which everything in the inputs has been read; timeouts wait for it.", kSection},
    {"clock_held_up_seconds", kGauge, {"partition"},
     "How long an input partition has been holding the clocks up; absent while they move.", kSection},
    {"records_total", kCounter, {}, "Input records read.", kSection},
    {"rekeyed_records_total", kCounter, {},
     "Input records sent to their home through the repartition topic: their producers don't key by group id with "
     "murmur2.", kSection},
    {"stale_records_total", kCounter, {}, "Records delivered again with an old offset, dropped.", kSection},
    {"thread_seconds_total", kCounter, {"thread", "activity"},
     "Where a thread's time goes: poll (waiting for input included), process, punctuate, commit, restore, other.",
     kSection},
    {"commits_total", kCounter, {}, "Commits that succeeded.", kSection},
    {"aborts_total", kCounter, {}, "Transactions given up: failed, fenced, or their result wasn't known.", kSection},
    {"producer_rebuilds_total", kCounter, {},
     "Producers replaced after an unknown or slow commit or a lost connection.", kSection},
    {"restored_records_total", kCounter, {}, "Changelog records replayed.", kSection},
    {"quarantined_stores_total", kCounter, {}, "Damaged local stores put aside and restored.", kSection},
  });
}

void add_state(std::vector<MetricSpec>& table) {
  constexpr std::string_view kSection = "Local state (RocksDB)";
  table.insert(table.end(), {
    {"rocksdb_block_cache_bytes", kGauge, {}, "Blocks, indexes and filters in memory; bounded by --cache-bytes.", kSection},
    {"rocksdb_memtable_bytes", kGauge, {}, "Rows in memory; --write-buffer-bytes is the aim.", kSection},
    {"rocksdb_table_reader_bytes", kGauge, {}, "Memory of open table files outside of the cache.", kSection},
    {"rocksdb_disk_bytes", kGauge, {}, "Table files in use.", kSection},
    {"rocksdb_pending_compaction_bytes", kGauge, {}, "What compactions still have to rewrite.", kSection},
    {"rocksdb_rows", kGauge, {}, "Rows, as RocksDB estimates them.", kSection},
    {"rocksdb_writes_stalled", kGauge, {}, "1 while RocksDB slows or stops writes to let the disk catch up.", kSection},
  });
}

void add_kafka(std::vector<MetricSpec>& table) {
  constexpr std::string_view kSection = "Kafka clients (librdkafka)";
  table.insert(table.end(), {
    {"kafka_sent_requests_total", kCounter, {"client"}, "Requests sent to brokers.", kSection},
    {"kafka_sent_bytes_total", kCounter, {"client"}, "Bytes sent to brokers.", kSection},
    {"kafka_received_bytes_total", kCounter, {"client"}, "Bytes received from brokers.", kSection},
    {"kafka_sent_records_total", kCounter, {"client"}, "Records produced and sent.", kSection},
    {"kafka_received_records_total", kCounter, {"client"}, "Records fetched.", kSection},
    {"kafka_request_errors_total", kCounter, {"client"}, "Requests that failed to be sent or answered.", kSection},
    {"kafka_request_timeouts_total", kCounter, {"client"}, "Requests that were not answered in time.", kSection},
    {"kafka_disconnects_total", kCounter, {"client"}, "Connections to brokers that ended.", kSection},
    {"kafka_brokers_up", kGauge, {"client"}, "Connections to brokers that are up.", kSection},
    {"kafka_round_trip_seconds", kGauge, {"client"},
     "99th percentile of a request's way to the slowest broker and back, over the last interval.", kSection},
    {"kafka_queued_records", kGauge, {"client"}, "Records produced and not yet acknowledged.", kSection},
    {"kafka_queued_bytes", kGauge, {"client"}, "Their bytes.", kSection},
    {"kafka_fetched_waiting_records", kGauge, {"client"}, "Records fetched and not yet read by the stream thread.", kSection},
    {"kafka_rebalances_total", kCounter, {"client"}, "Rebalances of the consumer group that this member saw.", kSection},
    {"input_lso_lag_records", kGauge, {"partition"},
     "Input offsets held back by open transactions (end of the log less last stable offset), where this instance reads.",
     kSection},
  });
}

void add_process(std::vector<MetricSpec>& table) {
  constexpr std::string_view kSection = "Process";
  table.insert(table.end(), {
    {"process_resident_memory_bytes", kGauge, {}, "Resident memory.", kSection},
    {"process_cpu_seconds_total", kCounter, {}, "CPU time, user and system.", kSection},
    {"process_open_fds", kGauge, {}, "Open file descriptors.", kSection},
    {"process_start_time_seconds", kGauge, {}, "When the process was started, since 1970.", kSection},
  });
}

// clang-format on

std::vector<MetricSpec> make_table() {
  std::vector<MetricSpec> table;
  add_groups(table);
  add_engine(table);
  add_state(table);
  add_kafka(table);
  add_process(table);
  return table;
}

const MetricSpec& spec_of(std::string_view name) {
  for (const MetricSpec& spec : metric_table()) {
    if (spec.name == name) return spec;
  }
  throw std::logic_error(fmt::format("metric {} is not in the table", name));
}

prometheus::MetricFamily empty_family(const MetricSpec& spec) {
  return {fmt::format("{}{}", kMetricPrefix, spec.name), std::string(spec.help), spec.type, {}};
}

}  // namespace

std::span<const MetricSpec> metric_table() {
  static const std::vector<MetricSpec> table = make_table();
  return table;
}

prometheus::MetricFamily metric_family(std::string_view name, std::vector<Sample> samples) {
  const MetricSpec& spec = spec_of(name);
  prometheus::MetricFamily family = empty_family(spec);
  for (Sample& sample : samples) {
    if (sample.labels.size() != spec.labels.size()) {
      throw std::logic_error(
          fmt::format("metric {} has {} labels, not {}", name, spec.labels.size(), sample.labels.size()));
    }
    prometheus::ClientMetric metric;
    for (std::size_t i = 0; i < spec.labels.size(); ++i) {
      metric.label.push_back({std::string(spec.labels[i]), std::move(sample.labels[i])});
    }
    (spec.type == kCounter ? metric.counter.value : metric.gauge.value) = sample.value;
    family.metric.push_back(std::move(metric));
  }
  return family;
}

prometheus::MetricFamily histogram_family(std::string_view name, std::span<const std::int64_t> bounds_ms,
                                          std::span<const std::uint64_t> counts, std::uint64_t sum_ms) {
  prometheus::MetricFamily family = empty_family(spec_of(name));
  prometheus::ClientMetric metric;
  std::uint64_t cumulated = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulated += counts[i];
    const double bound =
        i < bounds_ms.size() ? static_cast<double>(bounds_ms[i]) / 1'000.0 : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulated, bound});
  }
  metric.histogram.sample_count = cumulated;
  metric.histogram.sample_sum = static_cast<double>(sum_ms) / 1'000.0;
  family.metric.push_back(std::move(metric));
  return family;
}

}  // namespace ebc::app
