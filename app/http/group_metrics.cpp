#include "app/http/group_metrics.h"

#include "app/http/engine_metrics.h"

namespace ebc::app {
namespace {

using group::Counter;
using group::StatsSnapshot;
using prometheus::ClientMetric;
using prometheus::MetricFamily;

double number(std::uint64_t value) { return static_cast<double>(value); }

MetricFamily outcomes(const StatsSnapshot& stats) {
  std::vector<Sample> samples{{number(stats.of(Counter::Succeeded)), {{"type", "success"}, {"cause", ""}}}};
  for (std::size_t i = 0; i < group::kCauses; ++i) {
    const auto cause = static_cast<group::Cause>(i);
    samples.push_back(
        {number(stats.of(cause)), {{"type", "failure"}, {"cause", std::string(group::cause_name(cause))}}});
  }
  return counter_family("outcomes_total", "Outcomes sent, by type and cause.", std::move(samples));
}

MetricFamily dead_letters(const StatsSnapshot& stats) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < group::kReasonNames.size(); ++i) {
    samples.push_back({number(stats.dead_letters[i]), {{"reason", std::string(group::kReasonNames[i])}}});
  }
  return counter_family("dead_letters_total", "Records sent to the dead letters, by reason.", std::move(samples));
}

MetricFamily lateness(const StatsSnapshot& stats) {
  ClientMetric metric;
  std::uint64_t cumulated = 0;
  for (std::size_t i = 0; i < stats.lateness.size(); ++i) {
    cumulated += stats.lateness[i];
    const double bound = i < group::kLatenessBounds.size() ? static_cast<double>(group::kLatenessBounds[i]) / 1'000.0
                                                           : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({cumulated, bound});
  }
  metric.histogram.sample_count = cumulated;
  metric.histogram.sample_sum = number(stats.lateness_sum_ms) / 1'000.0;
  return {"eb_collector_timeout_lateness_seconds",
          "How long after its deadline a timeout was made.",
          prometheus::MetricType::Histogram,
          {metric}};
}

}  // namespace

std::vector<MetricFamily> GroupMetrics::Collect() const {
  const auto stats = stats_->sum();
  std::vector<MetricFamily> out;
  const auto counter = [&](const char* name, const char* help, Counter which) {
    out.push_back(counter_family(name, help, {{number(stats.of(which))}}));
  };
  out.push_back(
      gauge_family("open_groups", "Groups open in the homes held.", {{static_cast<double>(stats.open_groups)}}));
  out.push_back(gauge_family("waiting_events", "Events kept for groups that are not opened yet.",
                             {{static_cast<double>(stats.waiting_events)}}));
  counter("groups_opened_total", "Groups opened.", Counter::Opened);
  out.push_back(outcomes(stats));
  counter("entities_done_total", "Entities settled.", Counter::Done);
  counter("repeats_total", "Events that said what was known already.", Counter::Repeats);
  counter("late_events_total", "Events of groups already resolved.", Counter::Late);
  counter("orphans_total", "Events that came before the Create of their group and were kept for it.", Counter::Orphans);
  counter("skipped_records_total", "Records of other types, outcomes and tombstones.", Counter::Skipped);
  counter("foreign_records_total", "Records that are no JSON object with a type, skipped by --foreign=skip.",
          Counter::Foreign);
  counter("ignored_creates_total", "Creates of resolved groups, ignored by --reuse=ignore.", Counter::Ignored);
  counter("handler_messages_total", "Messages sent to handlers' topics.", Counter::HandlerSent);
  counter("parent_messages_total", "Messages sent to parent groups.", Counter::ParentSent);
  out.push_back(dead_letters(stats));
  out.push_back(lateness(stats));
  return out;
}

}  // namespace ebc::app
