// What the broker is known to refuse: topics, and records from a size on. Outlives the sinks of a thread, so that a
// transaction that failed by a refusal isn't tried the same way again.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::topology {

/// One thread. A refusal is believed for half a minute: then the topic may have been made, or its limit raised.
class RefusedOutputs {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Records of `topic` of at least `bytes` (key and value); 0: all.
  void refuse(std::string_view topic, std::size_t bytes = 0, Time now = std::chrono::steady_clock::now());
  bool refuses(std::string_view topic, std::size_t bytes, Time now = std::chrono::steady_clock::now());

  /// One of these may be what the broker refused: all of them are, until a transaction without them fails the same way.
  void suspect(const std::set<std::string, std::less<>>& topics, Time now = std::chrono::steady_clock::now());
  /// It wasn't them.
  void acquit_suspects();
  /// It was.
  void convict_suspects() { suspects_.clear(); }

 private:
  struct Refusal {
    std::size_t bytes = 0;
    Time until;
  };
  std::map<std::string, Refusal, std::less<>> refusals_;
  std::vector<std::string> suspects_;
};

}  // namespace ebc::topology
