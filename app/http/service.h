// HTTP as a whole: server, workers, endpoints and the API, started and stopped together.
#pragma once

#include <memory>
#include <vector>

#include "app/http/access.h"
#include "app/http/api.h"
#include "app/http/endpoints.h"
#include "app/http/server.h"
#include "processor/group/deadline_floor.h"
#include "topology/engine.h"

namespace ebc::app {

class HttpService {
 public:
  struct Parts {
    const topology::Engine& engine;  ///< outlives the service, as the rest
    group::RecentOutcomes& recent;
    const group::DeadlineFloors& floors;
    Duration session_timeout{};
    AccessRule access;
    std::vector<std::shared_ptr<const prometheus::Collectable>> metrics;
    Api::Config api;
  };

  explicit HttpService(Parts parts);
  ~HttpService();  ///< stops

  /// Serves from now on, or says why not. Once.
  Status start(const std::string& host, std::uint16_t port);
  std::uint16_t port() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
