// What librdkafka tells about its clients, as Prometheus metrics: the handful that an operator looks at, not all.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ebc::app {

/// Any thread, when the source is. Statistics are as old as the client's statistics.interval.ms; a document that can't
/// be read is left out.
class KafkaMetrics final : public prometheus::Collectable {
 public:
  /// `statistics`: JSON by client; `input_topic`: whose partitions' last stable offsets are shown.
  KafkaMetrics(std::function<std::map<std::string, std::string>()> statistics, std::string input_topic)
      : statistics_(std::move(statistics)), input_topic_(std::move(input_topic)) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  std::function<std::map<std::string, std::string>()> statistics_;
  std::string input_topic_;
};

}  // namespace ebc::app
