// Whether the outcomes of a load are the right ones, each once.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::bench {

struct OutcomeCounts {
  std::int64_t outcomes = 0, distinct = 0, duplicates = 0, bad = 0, others = 0;
  std::int64_t succeeded = 0, failed = 0, timed_out = 0;
};

class OutcomeCheck {
 public:
  OutcomeCheck(std::string prefix, std::int64_t groups, int entities);

  /// `now_ns`: when it was read, by the clock that the load was stamped with.
  void take(std::string_view value, std::int64_t now_ns);

  const OutcomeCounts& counts() const { return counts_; }
  bool complete() const { return counts_.distinct >= groups_; }
  std::int64_t missing() const { return groups_ - counts_.distinct; }
  /// Of Successes: from the last Done's sending to the outcome's reading, sorted.
  std::vector<std::int64_t>& latencies_ns() { return latencies_; }
  /// The first few complaints.
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  void wrong(std::string_view why, std::string_view value);
  std::string_view fault(simdjson::dom::element outcome, std::string_view id, char kind, std::int64_t now_ns);

  const std::string prefix_;
  const std::int64_t groups_;
  const int entities_;
  simdjson::dom::parser parser_;
  std::vector<bool> seen_;
  OutcomeCounts counts_;
  std::vector<std::int64_t> latencies_;
  std::vector<std::string> complaints_;
};

/// The value below which `percent` of the sorted values lie; 0 when there are none.
double percentile_ms(const std::vector<std::int64_t>& sorted_ns, double percent);

}  // namespace ebc::bench
