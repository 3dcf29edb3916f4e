// Compares the dead letters with what the workload says may and must be among them.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "tests/broker/kafka_probe.h"
#include "tests/broker/workload.h"

namespace ebc::broker_test {

struct LetterReport {
  std::size_t letters = 0;
  std::map<std::string, std::size_t> by_reason;
  std::size_t missing = 0;            ///< copies of events that must be there and aren't
  std::size_t repeated = 0;           ///< letters of an input record that had one before
  std::size_t unexplained = 0;        ///< letters of unknown events, or for a reason that the plan doesn't allow
  std::vector<std::string> examples;  ///< the first faults, in words

  bool all_explained() const { return missing == 0 && unexplained == 0; }
  bool exactly_once() const { return all_explained() && repeated == 0; }
  std::string text() const;
};

LetterReport check_dead_letters(const LetterPlan& plan, const std::vector<ConsumedRecord>& letters);

}  // namespace ebc::broker_test
