// A bad network between one client process and the broker: passes Kafka's messages on, unchanged and in order, but can
// lose or hold back those of a given call, and freeze altogether. The broker must advertise the proxy's port to who
// comes this way, or the client would go around it (scripts/kafka, KAFKA_PROXIED).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tests/chaos/kafka_frames.h"

namespace ebc::chaos {

enum class Mishap {
  /// The broker has done it, the answer never comes, the connection stays.
  AnswerLost,
  /// The broker has done it, and the connection breaks instead of answering: the client asks again.
  ConnectionCut,
  /// The answer, and all behind it on this connection, comes later.
  AnswerLate,
  /// The connection breaks before the request has reached the broker; it does so later, when the client has asked again
  /// by another connection.
  RequestLate,
};

const char* name_of(Mishap mishap);

struct MishapRule {
  Api api{};
  Mishap mishap{};
  std::chrono::milliseconds delay{0};  ///< of AnswerLate and RequestLate
  int times = 1;                       ///< then the rule is used up
};

/// One thread of its own. All calls from any thread.
class KafkaProxy {
 public:
  /// Listens on 127.0.0.1:`port`, 0 for any free one, until destruction; throws std::runtime_error if that's taken. The
  /// broker may come and go.
  KafkaProxy(std::uint16_t port, std::uint16_t broker_port);
  ~KafkaProxy();
  KafkaProxy(const KafkaProxy&) = delete;
  KafkaProxy& operator=(const KafkaProxy&) = delete;

  std::uint16_t port() const;
  void add(const MishapRule& rule);
  /// Passes nothing on either way, new connections included, until thawed. No connection breaks by it.
  void freeze();
  void thaw();
  /// Thaws, and forgets the rules that wait for their call.
  void heal();
  /// How often something happened: "EndTxn AnswerLost" -> times.
  std::map<std::string, std::size_t> happened() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::chaos
