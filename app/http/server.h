// The HTTP server: one thread, one io_context, limits on everything that a client controls.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/http/exchange.h"
#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::app {

struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 1024 * 1024;
  std::size_t connections = 512;  ///< at this number the one that has been idle longest makes room
  Duration read_timeout{15'000};  ///< for a whole request; also how long a connection may be idle
  Duration write_timeout{10'000};
  std::size_t stream_bytes = 1024 * 1024;  ///< that may wait for a client of a stream
};

class HttpServer {
 public:
  /// Called on the server's thread and must not block; the answer may come later and from any thread.
  using Handler = std::function<void(HttpCall, std::shared_ptr<HttpExchange>)>;

  HttpServer(HttpLimits limits, Handler handler);
  ~HttpServer();  ///< stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens, or says why that is not possible. Once. Port 0: any free one.
  Status start(const std::string& host, std::uint16_t port);
  std::uint16_t port() const;
  /// Connections open now. The server's thread.
  std::size_t connections() const;
  /// Returns when the server's thread has ended; from then on nothing posted to io() runs.
  void stop();

  /// The server's thread: for timers and other instances' answers.
  boost::asio::io_context& io();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
