// When a group is decided: a pure function of a few counts, so it costs the same for 3 entities and for 100,000.
#pragma once

#include <cstdint>
#include <string>

namespace ebc::group {

/// Stored: never change these values.
enum class PolicyKind : std::uint8_t {
  Tolerate = 1,    ///< waits for all; fails with one error more than `limit`. `all` is Tolerate 0
  AllSettled = 2,  ///< waits for all, succeeds
  Quorum = 3,      ///< succeeds with `limit` results, fails once they can't come any more. `any` is Quorum 1
  Race = 4,        ///< the first settled decides
};

/// The name matters, too: `all` reports no `errors` and lets anybody fail the group; `any` names itself in its error.
/// Stored: never change these values.
enum class PolicyName : std::uint8_t { All = 1, AllSettled = 2, Any = 3, Race = 4, Quorum = 5, Tolerate = 6 };

struct Policy {
  PolicyKind kind = PolicyKind::Tolerate;
  PolicyName name = PolicyName::All;
  std::uint64_t limit = 0;

  static constexpr Policy all() { return {PolicyKind::Tolerate, PolicyName::All, 0}; }
  static constexpr Policy all_settled() { return {PolicyKind::AllSettled, PolicyName::AllSettled, 0}; }
  static constexpr Policy any() { return {PolicyKind::Quorum, PolicyName::Any, 1}; }
  static constexpr Policy race() { return {PolicyKind::Race, PolicyName::Race, 0}; }
  static constexpr Policy quorum(std::uint64_t k) { return {PolicyKind::Quorum, PolicyName::Quorum, k}; }
  static constexpr Policy tolerate(std::uint64_t n) { return {PolicyKind::Tolerate, PolicyName::Tolerate, n}; }

  bool is_all() const { return name == PolicyName::All; }
  bool operator==(const Policy&) const = default;
};

/// What has happened in a group so far.
struct Counts {
  std::uint64_t expected = 0;
  std::uint64_t results = 0;
  std::uint64_t failures = 0;
  bool first_failed = false;  ///< the first that settled failed

  std::uint64_t settled() const { return results + failures; }
  bool operator==(const Counts&) const = default;
};

enum class Decision : std::uint8_t {
  Open,
  Success,
  Error,  ///< the entity settled last decided, by its error
  Unmet,  ///< what the policy asks for can't happen any more
};

/// Failing needs no seal; succeeding, and giving up hope, does: before it, more entities may come.
Decision decide(const Policy& policy, const Counts& counts, bool sealed);

/// As events spell it: `any`, `quorum 3`.
std::string describe(const Policy& policy);

}  // namespace ebc::group
