// The latest statistics that each Kafka client gave about itself: JSON documents of librdkafka (its STATISTICS.md),
// kept as they came. Whoever scrapes reads them; nobody pays for reading what nobody asks for.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace ebc::topology {

/// Any thread.
class KafkaStatistics {
 public:
  /// `client` names a client across its replacements: "stream-0 consumer".
  void keep(const std::string& client, std::string_view json) {
    const std::lock_guard lock(mutex_);
    latest_[client].assign(json);
  }

  /// By client.
  std::map<std::string, std::string> latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> latest_;  ///< guarded by mutex_
};

}  // namespace ebc::topology
