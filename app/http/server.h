// The HTTP server: one thread, one io_context, limits on everything that a client controls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/http/endpoints.h"
#include "app/options/settings.h"
#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::app {

struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 1024 * 1024;
  std::size_t connections = 256;  ///< at this number the one that has been idle longest makes room
  Duration read_timeout{15'000};  ///< for a whole request; also how long a connection may be idle
  Duration write_timeout{10'000};
};

class HttpServer {
 public:
  using Handler = std::function<HttpReply(const HttpCall&)>;

  /// `handler` is called on the server's thread and must not block.
  HttpServer(HttpLimits limits, Handler handler);
  ~HttpServer();  ///< stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens, or says why that is not possible. Once. Port 0: any free one.
  Status start(const std::string& host, std::uint16_t port);
  std::uint16_t port() const;
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// True for names and addresses that only this machine can reach.
bool is_loopback(const std::string& host);

}  // namespace ebc::app
