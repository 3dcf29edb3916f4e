// The dead-letter topic for `replay-dead-letters`: all its letters, and their way back to the bus. One thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/kafka_bus.h"

namespace ebc::app {

/// A dead letter as it lies in its topic: the original record, and what the collector wrote about it.
struct DeadLetter {
  Partition partition = 0;
  Offset offset = 0;
  Timestamp time{};
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;  ///< the original ones
  std::string reason, detail, origin;                                       ///< origin: topic/partition/offset
  bool replayed = false;                                                    ///< a receipt says so
};

/// Receipts make a replay happen once: with each letter that is sent again, in the same transaction, a record without
/// key and value goes to the dead-letter topic, whose header `dlq.replayed` names the letter. They live as long as the
/// letters do, and no filter, crash or second call gets around them.
class DeadLetterTopic {
 public:
  /// `app_id` names the topic and the transactional id: a second replay at the same time ends the first.
  DeadLetterTopic(BusSettings settings, std::string app_id);
  ~DeadLetterTopic();

  std::string topic() const;
  /// All letters up to the present end, oldest first.
  BusError read(std::vector<DeadLetter>& letters);
  /// Sends the letters to `topic`, in transactions of a thousand; `sent` counts those that are committed.
  BusError replay(const std::vector<const DeadLetter*>& letters, const std::string& topic, std::size_t& sent);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
