// The bus as the client commands see it: send one event and know that it is stored; follow a topic from now on.
// One thread. Handles are freed on destruction.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/options/settings.h"
#include "processor/api/types.h"

namespace ebc::app {

/// Why the bus can't be used: the exit code of the program and a sentence with the remedy.
struct BusError {
  int exit_code = 0;
  std::string message;
  bool failed() const { return exit_code != 0; }
};

/// Sends events keyed by group id, with the partitioner of Java's producers.
class BusProducer {
 public:
  explicit BusProducer(const BusSettings& settings);
  ~BusProducer();

  /// Connects and finds the input topic. Before anything else, once.
  BusError open();
  /// Returns when the event is acknowledged by all in-sync replicas, or with the reason why not.
  BusError send(std::string_view key, std::string_view value);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A record of the bus; the views hold until the next call of next().
struct BusRecord {
  std::string_view key, value;
  Timestamp time{};
  Partition partition = 0;
  Offset offset = 0;
};

/// Reads all partitions of a topic, committed records only, beginning at their ends as of open().
class BusFollower {
 public:
  BusFollower(const BusSettings& settings, std::string topic);
  ~BusFollower();

  /// Finds the ends. After it returned, nothing written later is missed.
  BusError open();
  /// The next record, or nullopt after `wait`. Lost connections are retried for ever; failures that retrying can't
  /// mend are given in `error`.
  std::optional<BusRecord> next(Duration wait, BusError& error);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
