// The last records of a topic with one partition, for somebody who looks now and then. Reads while it is asked, and
// stops when nobody has asked for a while.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/options/settings.h"
#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::app {

struct TailRecord {
  Offset offset = 0;
  Timestamp time{};
  std::optional<std::string> key, value;  ///< cut at KafkaTail's bound
  std::size_t value_bytes = 0;            ///< of the whole value
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Any thread.
class KafkaTail {
 public:
  /// Keeps the last `records`, of each value at most `value_bytes`.
  KafkaTail(BusSettings settings, std::string topic, std::size_t records, std::size_t value_bytes);
  ~KafkaTail();

  /// Hands over the last records, newest first, as soon as it has caught up with the topic's end. On its own thread,
  /// or at once. Retry: Kafka doesn't answer.
  using Done = std::function<void(Result<std::vector<TailRecord>>)>;
  void latest(std::size_t limit, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
