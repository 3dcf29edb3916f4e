// The README's walkthrough through kcat, as a person plays it: one line at a time, without keys.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/broker/process.h"

namespace ebc::broker_test {

/// kcat following a topic from its beginning; kcat reads committed records only unless told otherwise.
class KcatFollower {
 public:
  KcatFollower(const std::string& brokers, const std::string& topic, const std::filesystem::path& output);
  /// Waits until there are `count` outcomes; gives those there are, as they are on the bus.
  std::vector<std::string> outcomes(std::size_t count, milliseconds limit);

 private:
  Process process_;
};

/// Produces one line without a key.
void kcat_send(const std::string& brokers, const std::string& topic, const std::string& line,
               const std::filesystem::path& log);

struct WalkthroughPlace {
  std::string brokers, topic;
  std::filesystem::path folder;
  /// Waits until what was sent is processed: keyless events lie in any partition, between which Kafka knows no order,
  /// and a person is slower than the collector.
  std::function<void()> settle;
};

/// Plays the three examples (success, an entity's error with the same group id, a timeout) and expects what they
/// promise, as JSON values.
void play_walkthrough(const WalkthroughPlace& place);

}  // namespace ebc::broker_test
