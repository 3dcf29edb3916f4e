// Listens on a loopback port and passes every connection on to another address, byte for byte. `dev` uses it to give
// the embedded broker, which chooses its port itself, a bootstrap address that people know.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "processor/api/status.h"

namespace ebc::app {

/// One thread of its own; at most 256 connections at a time, further ones are closed at once.
class TcpForwarder {
 public:
  /// `target`: "127.0.0.1:PORT".
  explicit TcpForwarder(std::string target);
  ~TcpForwarder();  ///< stops
  TcpForwarder(const TcpForwarder&) = delete;
  TcpForwarder& operator=(const TcpForwarder&) = delete;

  /// Listens on 127.0.0.1:port, 0 for any free one; fails when it is taken. Once.
  Status start(std::uint16_t port);
  std::uint16_t port() const;
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
