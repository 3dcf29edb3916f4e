// GET /v1/instances: each instance tells of itself, and whoever is asked puts it together.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "app/http/api_parts.h"
#include "processor/group/stats.h"
#include "topology/engine.h"

namespace ebc::app {

/// What never changes while it runs.
struct ApplicationInfo {
  std::string app_id, topic, output_topic, guarantee;
};

/// The HTTP thread, but for what its workers do.
class InstanceViews {
 public:
  struct Sources {
    std::function<topology::EngineSnapshot()> snapshot;
    std::shared_ptr<const group::StatsRegistry> stats;
    ApplicationInfo application;
  };

  InstanceViews(const ApiParts& parts, Sources sources) : parts_(parts), sources_(std::move(sources)) {}

  void instances(const HttpCall& call, const ExchangePtr& exchange);

  /// This instance, as JSON. Has workers look for the oldest group when that is known for too long.
  std::string own();
  /// The whole document around the instances' own words.
  std::string document(const std::vector<std::string>& instances) const;
  /// What is known of an instance that doesn't answer.
  static std::string hearsay(const Member& member, const std::string& why);

 private:
  void refresh_glance();

  /// What is found by looking through the open groups: of the part that was looked at.
  struct Glance {
    std::string oldest, due;  ///< JSON; empty: no group is open
    bool complete = true;
  };
  Glance look() const;

  const ApiParts parts_;
  const Sources sources_;
  std::chrono::steady_clock::time_point looked_{};
  bool looking_ = false;
  Glance glance_;
};

}  // namespace ebc::app
