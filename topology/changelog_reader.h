// Reads changelog partitions for restoring, beside and apart from the group's consumer.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "topology/log.h"

namespace ebc::topology {

/// One thread. Gives committed records only: what an open transaction holds back is waited for.
class ChangelogReader {
 public:
  struct Visitor {
    std::function<void(Partition home, Offset offset, std::optional<std::string_view> key,
                       std::optional<std::string_view> value)>
        record;
    /// Read to the end of what is committed; `offset_next` lies behind trailing markers.
    std::function<void(Partition home, Offset offset_next)> end;
    /// The position is no longer (or not yet) part of the log.
    std::function<void(Partition home)> broken;
  };

  virtual ~ChangelogReader() = default;
  virtual Status start(Partition home, Offset from) = 0;
  virtual void stop(Partition home) = 0;
  /// Begins with a new client, reading nothing: for when the old one has fallen silent. Fatal: it can't be made.
  virtual Status renew() { return {}; }
  /// Waits up to `wait` for the first record and visits what is at hand.
  virtual Status poll(Duration wait, const Visitor& visitor) = 0;
  /// What Kafka denies us (denies_a_right()); empty when it is read.
  virtual std::string denial() const { return {}; }
};

}  // namespace ebc::topology
