// A broker of the test's own, which it may stop and kill: scripts/kafka with its own folder and ports.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/broker/process.h"

namespace ebc::chaos {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

class OwnBroker {
 public:
  /// `proxied`: how many listeners it has besides its own that advertise another port, see proxied(). Returns when it
  /// answers; throws std::runtime_error, with what the script said, when it doesn't.
  OwnBroker(std::filesystem::path folder, int proxied);
  /// Ends it, whatever its state; its folder stays. (A shell on the side does so when the test itself is killed.)
  ~OwnBroker();
  OwnBroker(const OwnBroker&) = delete;
  OwnBroker& operator=(const OwnBroker&) = delete;

  /// Past any proxy.
  std::string address() const;
  struct Listener {
    std::uint16_t port = 0;        ///< where it listens
    std::uint16_t advertised = 0;  ///< where it tells clients to come to
  };
  const std::vector<Listener>& proxied() const { return proxied_; }

  void kill9();
  /// A clean stop; begins it and returns.
  void begin_stop();
  /// After a stop or kill; begins it and returns.
  void begin_start();
  /// What was begun has ended; throws when it failed.
  bool settled();
  void wait_until_settled(milliseconds limit = 120s);

 private:
  void look_after() const;
  void begin(const std::string& command);

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  std::vector<Listener> proxied_;
  std::unique_ptr<broker_test::Process> script_;  ///< the command under way
};

}  // namespace ebc::chaos
