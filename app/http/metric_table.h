// The one table of metrics: what there is, what it means. The collectors make their families through it, and the
// reference page is printed from it, so a metric is described or doesn't exist.
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::app {

inline constexpr std::string_view kMetricPrefix = "eb_collector_";

struct MetricSpec {
  std::string_view name;  ///< without the prefix
  prometheus::MetricType type = prometheus::MetricType::Gauge;
  std::vector<std::string_view> labels = {};
  std::string_view help = "";
  std::string_view section = "";  ///< heading in the reference
};

/// In the order of the reference.
std::span<const MetricSpec> metric_table();

/// One sample of a metric: its labels' values, in the table's order, and its value.
struct Sample {
  double value = 0;
  std::vector<std::string> labels = {};
};

/// The family of a counter or gauge of the table. Throws std::logic_error when it isn't there or the labels don't fit:
/// a mistake of the program, met by the first test that scrapes.
prometheus::MetricFamily metric_family(std::string_view name, std::vector<Sample> samples);

/// A histogram of the table, without labels. `counts` holds each bucket for itself, the last one beyond all
/// `bounds_ms`.
prometheus::MetricFamily histogram_family(std::string_view name, std::span<const std::int64_t> bounds_ms,
                                          std::span<const std::uint64_t> counts, std::uint64_t sum_ms);

}  // namespace ebc::app
