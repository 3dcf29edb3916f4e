#include "app/http/engine_metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/http/metric_table.h"

namespace ebc::app {
namespace {

using prometheus::MetricFamily;
using topology::EngineSnapshot;
using topology::HomeSnapshot;
using topology::HomeState;

constexpr std::array<std::string_view, topology::kActivities> kActivityNames = {"poll",   "process", "punctuate",
                                                                                "commit", "restore", "other"};

double number(std::uint64_t value) { return static_cast<double>(value); }
double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1'000.0; }

// A sample for each home that `value` has something to say about.
template <typename Value>
std::vector<Sample> of_homes(const EngineSnapshot& snapshot, Value value) {
  std::vector<Sample> samples;
  for (const HomeSnapshot& home : snapshot.owned) {
    const std::optional<double> found = value(home);
    if (found) samples.push_back({*found, {fmt::format("{}", home.home)}});
  }
  return samples;
}

void add_homes(const EngineSnapshot& snapshot, Timestamp now, std::vector<MetricFamily>& out) {
  std::vector<Sample> states;
  for (const auto& [state, name] :
       {std::pair{HomeState::Taking, "taking"}, std::pair{HomeState::Restoring, "restoring"},
        std::pair{HomeState::Running, "running"}}) {
    const auto count = std::ranges::count(snapshot.owned, state, &HomeSnapshot::state);
    states.push_back({static_cast<double>(count), {name}});
  }
  using Maybe = std::optional<double>;
  out.push_back(metric_family("homes", std::move(states)));
  out.push_back(metric_family("home_input_lag_records", of_homes(snapshot, [](const HomeSnapshot& home) -> Maybe {
                                return static_cast<double>(home.input_lag);
                              })));
  out.push_back(metric_family("home_restore_lag_records", of_homes(snapshot, [](const HomeSnapshot& home) -> Maybe {
                                return static_cast<double>(home.restore_lag);
                              })));
  out.push_back(metric_family("home_restore_eta_seconds", of_homes(snapshot, [](const HomeSnapshot& home) -> Maybe {
                                if (!home.restore_eta) return std::nullopt;
                                return seconds(*home.restore_eta);
                              })));
  out.push_back(metric_family("home_restored_records", of_homes(snapshot, [](const HomeSnapshot& home) -> Maybe {
                                return static_cast<double>(home.restored);
                              })));
  std::vector<Sample> standbys;
  for (const HomeSnapshot& standby : snapshot.standbys) {
    if (standby.restore_lag < 0) continue;
    standbys.push_back({static_cast<double>(standby.restore_lag), {fmt::format("{}", standby.home)}});
  }
  out.push_back(metric_family("standby_lag_records", std::move(standbys)));
  out.push_back(metric_family("home_clock_lag_seconds", of_homes(snapshot, [now](const HomeSnapshot& home) -> Maybe {
                                if (to_ms(home.clock) <= 0) return std::nullopt;
                                return seconds(now - home.clock);
                              })));
  std::vector<Sample> held_up;
  if (snapshot.clock_held_up) {
    held_up.push_back({seconds(snapshot.clock_held_up->second), {fmt::format("{}", snapshot.clock_held_up->first)}});
  }
  out.push_back(metric_family("clock_held_up_seconds", std::move(held_up)));
}

MetricFamily thread_times(const EngineSnapshot& snapshot) {
  std::vector<Sample> samples;
  for (const topology::ThreadSnapshot& thread : snapshot.threads) {
    for (std::size_t i = 0; i < thread.times.size(); ++i) {
      // The stream threads never restore and the restoring thread does little else: no rows of zeros for that.
      if (thread.times[i].count() == 0) continue;
      samples.push_back(
          {std::chrono::duration<double>(thread.times[i]).count(), {thread.name, std::string(kActivityNames[i])}});
    }
  }
  return metric_family("thread_seconds_total", std::move(samples));
}

}  // namespace

std::vector<MetricFamily> EngineMetrics::Collect() const {
  const auto snapshot = snapshot_();
  const auto& counters = snapshot.counters;
  std::vector<MetricFamily> out;
  const auto one = [&out](std::string_view name, double value) { out.push_back(metric_family(name, {{value}})); };
  out.push_back(metric_family("info", {{1, {EBC_VERSION, snapshot.instance_id}}}));
  one("ready", snapshot.joined && !snapshot.stopping && snapshot.not_ready_reason.empty() ? 1.0 : 0.0);
  one("application_homes", static_cast<double>(snapshot.homes));
  add_homes(snapshot, clock_.now(), out);
  one("records_total", number(counters.records));
  one("rekeyed_records_total", number(counters.rekeyed));
  one("stale_records_total", number(counters.stale_records));
  out.push_back(thread_times(snapshot));
  one("commits_total", number(counters.commits));
  one("aborts_total", number(counters.aborts));
  one("producer_rebuilds_total", number(counters.producer_rebuilds));
  one("restored_records_total", number(counters.restored_records));
  one("quarantined_stores_total", number(counters.quarantined_stores));
  return out;
}

std::vector<MetricFamily> StateMetrics::Collect() const {
  const auto usage = usage_();
  std::vector<MetricFamily> out;
  const auto one = [&out](std::string_view name, double value) { out.push_back(metric_family(name, {{value}})); };
  one("rocksdb_block_cache_bytes", number(usage.block_cache_bytes));
  one("rocksdb_memtable_bytes", number(usage.memtable_bytes));
  one("rocksdb_table_reader_bytes", number(usage.table_reader_bytes));
  one("rocksdb_disk_bytes", number(usage.disk_bytes));
  one("rocksdb_pending_compaction_bytes", number(usage.pending_compaction_bytes));
  one("rocksdb_rows", number(usage.rows));
  one("rocksdb_writes_stalled", usage.write_stopped || usage.delayed_rate > 0 ? 1.0 : 0.0);
  return out;
}

}  // namespace ebc::app
