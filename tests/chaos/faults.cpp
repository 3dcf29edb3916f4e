#include "tests/chaos/faults.h"

#include <algorithm>
#include <array>

namespace ebc::chaos {
namespace {

using namespace std::chrono_literals;

struct Description {
  Fault fault;
  const char* name;
  double weight;
};

constexpr std::array kFaults{
    Description{Fault::Killed, "kill -9", 30},
    Description{Fault::Ended, "SIGTERM", 8},
    Description{Fault::SilentPastSession, "SIGSTOP past the session", 6},
    Description{Fault::SilentPastTransaction, "SIGSTOP past the transaction timeout", 3},
    Description{Fault::StateGone, "state folder removed", 4},
    Description{Fault::TableTruncated, "table truncated", 4},
    Description{Fault::BitFlipped, "bit flipped", 4},
    Description{Fault::BrokerStopped, "broker stopped", 1.5},
    Description{Fault::BrokerKilled, "broker killed", 1.5},
    Description{Fault::EndTxnAnswerLost, "EndTxn answer lost", 4},
    Description{Fault::EndTxnConnectionCut, "EndTxn connection cut", 5},
    Description{Fault::EndTxnAnswerLate, "EndTxn answer late", 4},
    Description{Fault::EndTxnRequestLate, "EndTxn request late", 5},
    Description{Fault::OffsetsAnswerLost, "TxnOffsetCommit answer lost", 3},
    Description{Fault::OffsetsConnectionCut, "TxnOffsetCommit connection cut", 4},
    Description{Fault::OffsetsAnswerLate, "TxnOffsetCommit answer late", 3},
    Description{Fault::OffsetsRequestLate, "TxnOffsetCommit request late", 3},
    Description{Fault::NetworkFrozen, "network frozen", 5},
    Description{Fault::NetworkFrozenPastSession, "network frozen past the session", 3},
};

/// In a run that counts kills, this many of the other faults' weights together.
constexpr double kKillsAmongOthers = 3;

}  // namespace

const char* name_of(Fault fault) {
  const auto it = std::ranges::find(kFaults, fault, &Description::fault);
  return it == kFaults.end() ? "" : it->name;
}

std::optional<MishapRule> mishap_of(Fault fault) {
  switch (fault) {
    case Fault::EndTxnAnswerLost:
      return MishapRule{.api = Api::EndTxn, .mishap = Mishap::AnswerLost};
    case Fault::EndTxnConnectionCut:
      return MishapRule{.api = Api::EndTxn, .mishap = Mishap::ConnectionCut};
    case Fault::EndTxnAnswerLate:
      return MishapRule{.api = Api::EndTxn, .mishap = Mishap::AnswerLate, .delay = 2s};
    case Fault::EndTxnRequestLate:
      return MishapRule{.api = Api::EndTxn, .mishap = Mishap::RequestLate, .delay = 400ms};
    case Fault::OffsetsAnswerLost:
      return MishapRule{.api = Api::TxnOffsetCommit, .mishap = Mishap::AnswerLost};
    case Fault::OffsetsConnectionCut:
      return MishapRule{.api = Api::TxnOffsetCommit, .mishap = Mishap::ConnectionCut};
    case Fault::OffsetsAnswerLate:
      return MishapRule{.api = Api::TxnOffsetCommit, .mishap = Mishap::AnswerLate, .delay = 2s};
    case Fault::OffsetsRequestLate:
      return MishapRule{.api = Api::TxnOffsetCommit, .mishap = Mishap::RequestLate, .delay = 400ms};
    default:
      return std::nullopt;
  }
}

FaultSequence::FaultSequence(const FaultPlan& plan) : plan_(plan), random_(plan.seed) {
  double others = 0;
  for (const auto& [fault, name, weight] : kFaults) {
    kinds_.push_back(fault);
    weights_.push_back(weight);
    if (fault != Fault::Killed) others += weight;
  }
  if (plan.kills > 0) weights_.front() = kKillsAmongOthers * others;
  deck_ = kinds_;
  std::ranges::shuffle(deck_, random_);
}

Fault FaultSequence::next() {
  if (!deck_.empty()) {
    const Fault fault = deck_.back();
    deck_.pop_back();
    return fault;
  }
  // Broker kills are spread among those of instances, however rare by weight.
  if (plan_.broker_kills > 0 && ++until_broker_kill_ * plan_.broker_kills > plan_.kills) {
    until_broker_kill_ = 0;
    return Fault::BrokerKilled;
  }
  return kinds_[std::discrete_distribution<std::size_t>(weights_.begin(), weights_.end())(random_)];
}

std::int64_t FaultSequence::between(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
}

}  // namespace ebc::chaos
