// One GET on the loopback address, as a probe or a scraper makes it.
#pragma once

#include <optional>
#include <string>

#include "tests/broker/wait.h"

namespace ebc::broker_test {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// nullopt: nobody answered within `limit`.
std::optional<HttpAnswer> http_get(int port, const std::string& path, milliseconds limit = 2s);

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
