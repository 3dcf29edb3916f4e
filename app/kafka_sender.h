// Sends commands to the bus for callers who want to hear when they are stored and can't wait on the spot.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/options/settings.h"
#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::app {

struct SentTo {
  Partition partition = 0;
  Offset offset = 0;
};

/// Any thread. Connects with the first command; a thread of its own hears the answers.
class KafkaSender {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;
  /// On the sender's thread, or at once when nothing could be sent. Retry: Kafka isn't reached, or too much waits;
  /// Fatal: Kafka refuses the command.
  using Done = std::function<void(Result<SentTo>)>;

  explicit KafkaSender(BusSettings settings);
  ~KafkaSender();  ///< what isn't acknowledged by then is given up, and so reported

  /// Keyed by group id, with the partitioner of Java's producers.
  void send(const std::string& group, const std::string& event, const Headers& headers, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
