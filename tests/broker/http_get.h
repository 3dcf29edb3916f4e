// Calls on the loopback address: as a probe or a scraper makes them, and as nobody should.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/broker/wait.h"

namespace ebc::broker_test {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// nullopt: nobody answered within `limit`.
std::optional<HttpAnswer> http_get(int port, const std::string& path, milliseconds limit = 2s);

/// Any call; `headers` as lines, each with its end. Content-Length is added for a body.
std::optional<HttpAnswer> http_call(int port, const std::string& method, const std::string& path,
                                    const std::string& headers, const std::string& body = "", milliseconds limit = 5s);
/// Sends these bytes and gives back what comes until the other side closes, or `limit` is over.
std::string http_raw(int port, const std::string& bytes, milliseconds limit = 5s);

/// Connections that were opened, sent these bytes each, and are kept: slow clients.
class HeldConnections {
 public:
  HeldConnections(int port, int count, const std::string& bytes);
  ~HeldConnections();
  HeldConnections(const HeldConnections&) = delete;
  HeldConnections& operator=(const HeldConnections&) = delete;
  /// Sends these bytes on all that still take them; returns how many the other side has closed.
  int dribble(const std::string& bytes);

 private:
  std::vector<int> sockets_;
};

/// A port of 127.0.0.1 that nobody listens on, below the range that outgoing connections take theirs from.
int free_port();

/// A port that somebody else listens on, for as long as the object lives.
class TakenPort {
 public:
  TakenPort();
  ~TakenPort();
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;
  int port() const { return port_; }

 private:
  int port_, fd_;
};

}  // namespace ebc::broker_test
