// Compares what a read_committed consumer saw with what each group must become.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/broker/kafka_probe.h"
#include "tests/broker/workload.h"

namespace ebc::broker_test {

struct CheckReport {
  std::size_t groups = 0;
  std::size_t successes = 0, errors = 0, timeouts = 0;  ///< groups with a right outcome, by what it is
  std::size_t missing = 0;                              ///< groups without any outcome
  std::size_t duplicates = 0;                           ///< outcomes beyond the first of a group
  std::size_t unsatisfied = 0;                          ///< groups without any right outcome
  std::size_t wrong = 0;                                ///< outcomes that differ from the plan
  std::size_t unplanned = 0;                            ///< outcomes of groups that nobody opened
  std::size_t doubtful = 0;                             ///< groups left out, see PlannedGroup
  std::vector<std::string> examples;                    ///< the first faults, in words

  bool exactly_once() const { return missing == 0 && duplicates == 0 && wrong == 0 && unplanned == 0; }
  std::string summary() const;  ///< the numbers
  std::string text() const;     ///< with the examples
};

CheckReport check_outcomes(const std::vector<PlannedGroup>& plan, const std::vector<ConsumedRecord>& seen);

/// How late the timeouts among the outcomes were, in ms after their deadline. Sorted.
struct Lateness {
  std::vector<std::int64_t> written;  ///< by the outcome's record timestamp
  std::vector<std::int64_t> seen;     ///< by when the reader got it
};
Lateness timeout_lateness(const std::vector<ConsumedRecord>& seen);

/// Of sorted values; `share` 0.5 is the median. 0 when there are none.
std::int64_t quantile(const std::vector<std::int64_t>& sorted, double share);

/// Counts the groups that have an outcome among the records; repeated outcomes of one group count once.
class ResolvedGroups {
 public:
  /// `records` is what it was the last time, and more: only the new ones are looked at.
  std::size_t count(const std::vector<ConsumedRecord>& records);

 private:
  std::size_t next_ = 0;
  std::unordered_set<std::string> ids_;
};

}  // namespace ebc::broker_test
