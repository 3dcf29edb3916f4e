#include "processor/group/policy.h"

#include <fmt/format.h>

namespace ebc::group {

Decision decide(const Policy& policy, const Counts& counts, bool sealed) {
  const bool complete = sealed && counts.settled() == counts.expected;
  switch (policy.kind) {
    case PolicyKind::Tolerate:
      if (counts.failures > policy.limit) return Decision::Error;
      return complete ? Decision::Success : Decision::Open;
    case PolicyKind::AllSettled:
      return complete ? Decision::Success : Decision::Open;
    case PolicyKind::Quorum:
      if (!sealed) return Decision::Open;
      if (counts.results >= policy.limit) return Decision::Success;
      return counts.expected - counts.failures < policy.limit ? Decision::Unmet : Decision::Open;
    case PolicyKind::Race:
      if (counts.settled() > 0 && counts.first_failed) return Decision::Error;
      if (!sealed) return Decision::Open;
      if (counts.settled() > 0) return Decision::Success;
      return counts.expected == 0 ? Decision::Unmet : Decision::Open;
  }
  return Decision::Open;
}

std::string describe(const Policy& policy) {
  switch (policy.name) {
    case PolicyName::All:
      return "all";
    case PolicyName::AllSettled:
      return "allSettled";
    case PolicyName::Any:
      return "any";
    case PolicyName::Race:
      return "race";
    case PolicyName::Quorum:
      return fmt::format("quorum {}", policy.limit);
    case PolicyName::Tolerate:
      return fmt::format("tolerate {}", policy.limit);
  }
  return {};
}

}  // namespace ebc::group
