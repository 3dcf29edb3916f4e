#include "app/http/engine_metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace ebc::app {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(MetricType type, const std::string& name, const std::string& help, std::vector<Sample> samples) {
  MetricFamily made{"eb_collector_" + name, help, type, {}};
  for (auto& sample : samples) {
    ClientMetric metric;
    metric.label = std::move(sample.labels);
    (type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = sample.value;
    made.metric.push_back(std::move(metric));
  }
  return made;
}

double number(std::uint64_t value) { return static_cast<double>(value); }

// A sample for each home that the instance holds.
template <typename Value>
std::vector<Sample> of_homes(const topology::EngineSnapshot& snapshot, Value value) {
  std::vector<Sample> samples;
  for (const auto& home : snapshot.owned) samples.push_back({value(home), {{"home", fmt::format("{}", home.home)}}});
  return samples;
}

void add_homes(const topology::EngineSnapshot& snapshot, Timestamp now, std::vector<MetricFamily>& out) {
  using topology::HomeSnapshot;
  using topology::HomeState;
  std::vector<Sample> states;
  for (const auto& [state, name] :
       {std::pair{HomeState::Taking, "taking"}, std::pair{HomeState::Restoring, "restoring"},
        std::pair{HomeState::Running, "running"}}) {
    const auto count = std::ranges::count(snapshot.owned, state, &HomeSnapshot::state);
    states.push_back({static_cast<double>(count), {{"state", name}}});
  }
  out.push_back(gauge_family("homes", "Homes that this instance holds, by state.", std::move(states)));
  out.push_back(
      gauge_family("home_input_lag_records", "Input offsets not yet read, as of the last end known.",
                   of_homes(snapshot, [](const HomeSnapshot& home) { return static_cast<double>(home.input_lag); })));
  out.push_back(
      gauge_family("home_restore_lag_records", "Changelog offsets still to be replayed.",
                   of_homes(snapshot, [](const HomeSnapshot& home) { return static_cast<double>(home.restore_lag); })));
  out.push_back(
      gauge_family("home_restored_records", "Changelog records replayed when the home was taken.",
                   of_homes(snapshot, [](const HomeSnapshot& home) { return static_cast<double>(home.restored); })));
  auto running = snapshot;
  std::erase_if(running.owned, [](const HomeSnapshot& home) { return to_ms(home.clock) <= 0; });
  out.push_back(gauge_family(
      "home_clock_lag_seconds",
      "Age of the moment up to which everything in the inputs has been read; timeouts wait for it.",
      of_homes(running,
               [&](const HomeSnapshot& home) { return static_cast<double>((now - home.clock).count()) / 1000.0; })));
}

}  // namespace

MetricFamily counter_family(const std::string& name, const std::string& help, std::vector<Sample> samples) {
  return family(MetricType::Counter, name, help, std::move(samples));
}

MetricFamily gauge_family(const std::string& name, const std::string& help, std::vector<Sample> samples) {
  return family(MetricType::Gauge, name, help, std::move(samples));
}

std::vector<MetricFamily> EngineMetrics::Collect() const {
  const auto snapshot = snapshot_();
  const auto& counters = snapshot.counters;
  std::vector<MetricFamily> out;
  out.push_back(gauge_family("info", "Version and instance, in the labels.",
                             {{1, {{"version", EBC_VERSION}, {"instance_id", snapshot.instance_id}}}}));
  out.push_back(
      gauge_family("ready", "1 when /readyz answers 200.",
                   {{snapshot.joined && !snapshot.stopping && snapshot.not_ready_reason.empty() ? 1.0 : 0.0}}));
  out.push_back(
      gauge_family("application_homes", "Homes of the whole application.", {{static_cast<double>(snapshot.homes)}}));
  add_homes(snapshot, clock_.now(), out);
  out.push_back(counter_family("records_total", "Input records read.", {{number(counters.records)}}));
  out.push_back(counter_family("rekeyed_records_total",
                               "Input records sent to their home through the repartition topic: their producers don't "
                               "key by group id with murmur2.",
                               {{number(counters.rekeyed)}}));
  out.push_back(counter_family("stale_records_total", "Records delivered again with an old offset, dropped.",
                               {{number(counters.stale_records)}}));
  out.push_back(counter_family("commits_total", "Commits.", {{number(counters.commits)}}));
  out.push_back(counter_family("aborts_total", "Transactions aborted.", {{number(counters.aborts)}}));
  out.push_back(counter_family("producer_rebuilds_total",
                               "Producers replaced after an unknown commit or a lost connection.",
                               {{number(counters.producer_rebuilds)}}));
  out.push_back(
      counter_family("restored_records_total", "Changelog records replayed.", {{number(counters.restored_records)}}));
  out.push_back(counter_family("quarantined_stores_total", "Damaged local stores put aside and restored.",
                               {{number(counters.quarantined_stores)}}));
  return out;
}

}  // namespace ebc::app
