// The engine's snapshot as Prometheus metrics, read at scrape time.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <string>
#include <vector>

#include "processor/api/clock.h"
#include "topology/engine.h"

namespace ebc::app {

/// Any thread, when the snapshot source is.
class EngineMetrics final : public prometheus::Collectable {
 public:
  EngineMetrics(std::function<topology::EngineSnapshot()> snapshot, const Clock& clock)
      : snapshot_(std::move(snapshot)), clock_(clock) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::function<topology::EngineSnapshot()> snapshot_;
  const Clock& clock_;
};

/// One sample of a metric: its labels, its value.
struct Sample {
  double value = 0;
  std::vector<prometheus::ClientMetric::Label> labels = {};
};

/// Families with the program's prefix in front of `name`.
prometheus::MetricFamily counter_family(const std::string& name, const std::string& help, std::vector<Sample> samples);
prometheus::MetricFamily gauge_family(const std::string& name, const std::string& help, std::vector<Sample> samples);

}  // namespace ebc::app
