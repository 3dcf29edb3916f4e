#include "app/http/group_metrics.h"

#include "app/http/metric_table.h"

namespace ebc::app {
namespace {

using group::Counter;
using group::StatsSnapshot;
using prometheus::MetricFamily;

double number(std::uint64_t value) { return static_cast<double>(value); }

MetricFamily outcomes(const StatsSnapshot& stats) {
  std::vector<Sample> samples{{number(stats.of(Counter::Succeeded)), {"success", ""}}};
  for (std::size_t i = 0; i < group::kCauses; ++i) {
    const auto cause = static_cast<group::Cause>(i);
    samples.push_back({number(stats.of(cause)), {"failure", std::string(group::cause_name(cause))}});
  }
  return metric_family("outcomes_total", std::move(samples));
}

MetricFamily dead_letters(const StatsSnapshot& stats) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < group::kReasonNames.size(); ++i) {
    samples.push_back({number(stats.dead_letters[i]), {std::string(group::kReasonNames[i])}});
  }
  return metric_family("dead_letters_total", std::move(samples));
}

}  // namespace

std::vector<MetricFamily> GroupMetrics::Collect() const {
  const auto stats = stats_->sum();
  std::vector<MetricFamily> out;
  const auto counter = [&](std::string_view name, Counter which) {
    out.push_back(metric_family(name, {{number(stats.of(which))}}));
  };
  out.push_back(metric_family("open_groups", {{static_cast<double>(stats.open_groups)}}));
  out.push_back(metric_family("waiting_events", {{static_cast<double>(stats.waiting_events)}}));
  counter("groups_opened_total", Counter::Opened);
  out.push_back(outcomes(stats));
  out.push_back(histogram_family("group_age_seconds", group::kAgeBounds, stats.age, stats.age_sum_ms));
  out.push_back(
      histogram_family("timeout_lateness_seconds", group::kLatenessBounds, stats.lateness, stats.lateness_sum_ms));
  counter("entities_done_total", Counter::Done);
  counter("repeats_total", Counter::Repeats);
  counter("late_events_total", Counter::Late);
  counter("orphans_total", Counter::Orphans);
  out.push_back(dead_letters(stats));
  counter("skipped_records_total", Counter::Skipped);
  counter("foreign_records_total", Counter::Foreign);
  counter("ignored_creates_total", Counter::Ignored);
  counter("handler_messages_total", Counter::HandlerSent);
  counter("parent_messages_total", Counter::ParentSent);
  return out;
}

}  // namespace ebc::app
