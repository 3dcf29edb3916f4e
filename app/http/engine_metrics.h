// The engine's snapshot and its local state as Prometheus metrics, read at scrape time.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
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

/// Any thread, when the source is.
class StateMetrics final : public prometheus::Collectable {
 public:
  explicit StateMetrics(std::function<state::RocksUsage()> usage) : usage_(std::move(usage)) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::function<state::RocksUsage()> usage_;
};

}  // namespace ebc::app
