// What the event groups' processors count, as Prometheus metrics, read at scrape time.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <memory>
#include <vector>

#include "processor/group/stats.h"

namespace ebc::app {

/// Any thread.
class GroupMetrics final : public prometheus::Collectable {
 public:
  explicit GroupMetrics(std::shared_ptr<const group::StatsRegistry> stats) : stats_(std::move(stats)) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::shared_ptr<const group::StatsRegistry> stats_;
};

}  // namespace ebc::app
