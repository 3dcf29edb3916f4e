#include "topology/refused_outputs.h"

#include <algorithm>

namespace ebc::topology {
namespace {
constexpr std::chrono::seconds kBelieved{30};
/// Topics may be named by the input: what is remembered of them is bounded.
constexpr std::size_t kMost = 1'000;
}  // namespace

void RefusedOutputs::refuse(std::string_view topic, std::size_t bytes, Time now) {
  if (refusals_.size() >= kMost) std::erase_if(refusals_, [now](const auto& one) { return one.second.until <= now; });
  if (refusals_.size() >= kMost) refusals_.erase(refusals_.begin());
  const auto [refusal, fresh] = refusals_.try_emplace(std::string(topic), Refusal{bytes, now + kBelieved});
  if (fresh) return;
  const bool over = refusal->second.until <= now;
  refusal->second = {over ? bytes : std::min(bytes, refusal->second.bytes), now + kBelieved};
}

bool RefusedOutputs::refuses(std::string_view topic, std::size_t bytes, Time now) {
  const auto refusal = refusals_.find(topic);
  if (refusal == refusals_.end()) return false;
  if (refusal->second.until <= now) {
    refusals_.erase(refusal);
    return false;
  }
  return bytes >= refusal->second.bytes;
}

void RefusedOutputs::suspect(const std::set<std::string, std::less<>>& topics, Time now) {
  for (const std::string& topic : topics) {
    refuse(topic, 0, now);
    suspects_.push_back(topic);
  }
}

void RefusedOutputs::acquit_suspects() {
  for (const std::string& topic : suspects_) refusals_.erase(topic);
  suspects_.clear();
}

}  // namespace ebc::topology
