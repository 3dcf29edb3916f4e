// What is done to the instances, their network and the broker, and in which order: the same for the same seed.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "tests/chaos/kafka_proxy.h"

namespace ebc::chaos {

enum class Fault {
  Killed,                 ///< SIGKILL of an instance
  Ended,                  ///< SIGTERM
  SilentPastSession,      ///< SIGSTOP until its homes are somebody else's
  SilentPastTransaction,  ///< SIGSTOP until the broker has given its transaction up too
  StateGone,              ///< SIGKILL, and its state folder is removed
  TableTruncated,         ///< SIGKILL, and half of a file of its store is gone
  BitFlipped,             ///< SIGKILL, and one bit of such a file is another
  BrokerStopped,
  BrokerKilled,
  EndTxnAnswerLost,  ///< this and the next ones: see Mishap
  EndTxnConnectionCut,
  EndTxnAnswerLate,
  EndTxnRequestLate,
  OffsetsAnswerLost,  ///< of TxnOffsetCommit
  OffsetsConnectionCut,
  OffsetsAnswerLate,
  OffsetsRequestLate,
  NetworkFrozen,             ///< between an instance and the broker, for less than its session
  NetworkFrozenPastSession,  ///< and for longer
};

const char* name_of(Fault fault);
/// For the faults that the network has.
std::optional<MishapRule> mishap_of(Fault fault);

struct FaultPlan {
  std::uint64_t seed = 1;
  int kills = 0;         ///< wanted of instances; more than 0: most faults are these
  int broker_kills = 0;  ///< wanted, spread over those
};

/// First each fault once, in an order of chance, then by weight.
class FaultSequence {
 public:
  explicit FaultSequence(const FaultPlan& plan);
  Fault next();
  /// For whatever else is left to chance; 0 <= low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);

 private:
  FaultPlan plan_;
  std::mt19937_64 random_;
  std::vector<Fault> deck_;      ///< each once, taken from the back
  std::vector<Fault> kinds_;     ///< all that may come
  std::vector<double> weights_;  ///< of these
  int until_broker_kill_ = 0;
};

}  // namespace ebc::chaos
