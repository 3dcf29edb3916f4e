// The process itself as Prometheus metrics, from /proc/self.
#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <vector>

namespace ebc::app {

/// Any thread. What /proc doesn't tell is left out.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  /// Seconds since 1970; the process makes this object as it starts.
  const double started_ = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
};

}  // namespace ebc::app
