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
#include "topology/engine.h"

namespace ebc::app {

struct HttpCall {
  std::string method;         ///< "GET"
  std::string target;         ///< as sent: path and query, still encoded
  std::string authorization;  ///< that header; empty: none
};

struct HttpReply {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// An error as an RFC 9457 problem document.
HttpReply problem(unsigned status, std::string_view detail);

/// Constant after construction; handle() is for the HTTP thread.
class Endpoints {
 public:
  using SnapshotSource = std::function<topology::EngineSnapshot()>;

  Endpoints(SnapshotSource snapshot, AccessRule access,
            std::vector<std::shared_ptr<const prometheus::Collectable>> metrics);

  HttpReply handle(const HttpCall& call) const;

 private:
  HttpReply livez() const;
  HttpReply readyz() const;
  HttpReply metrics() const;

  SnapshotSource snapshot_;
  AccessRule access_;
  std::vector<std::shared_ptr<const prometheus::Collectable>> metrics_;
};

}  // namespace ebc::app
