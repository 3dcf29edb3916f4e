// What each path answers. Knows no sockets and no HTTP library.
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/http/access.h"
#include "app/http/api_parts.h"
#include "topology/engine.h"

namespace ebc::app {

/// The HTTP thread.
class Endpoints {
 public:
  using SnapshotSource = std::function<topology::EngineSnapshot()>;
  /// What is under /v1, for calls that may be made.
  using ApiHandler = std::function<void(const Target&, const HttpCall&, const ExchangePtr&)>;

  Endpoints(SnapshotSource snapshot, AccessRule access,
            std::vector<std::shared_ptr<const prometheus::Collectable>> metrics, ApiHandler api);

  void handle(const HttpCall& call, const ExchangePtr& exchange) const;

 private:
  HttpReply page(const Target& target, const HttpCall& call) const;
  HttpReply livez() const;
  HttpReply readyz() const;
  HttpReply metrics() const;

  SnapshotSource snapshot_;
  AccessRule access_;
  std::vector<std::shared_ptr<const prometheus::Collectable>> metrics_;
  ApiHandler api_;
  mutable std::string name_;  ///< of the instance, once it has one; the HTTP thread's
};

}  // namespace ebc::app
