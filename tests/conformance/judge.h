// Compares what came out with what a case expects. All that runs a case, the core, the driver or the process, is judged
// here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/conformance/case.h"

namespace ebc::conformance {

/// A record as it was sent in a step.
struct SentStep {
  std::string topic;
  int partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key, value;
  CaseHeaders headers;
};

struct Seen {
  std::optional<std::string> key, value;
  CaseHeaders headers;
  std::string header(const std::string& name) const;
};

/// What happened when a case was played.
struct Played {
  std::map<std::size_t, SentStep> sent;  ///< by step
  std::vector<Seen> outcomes, dead_letters;
  std::map<std::string, std::vector<Seen>> messages;  ///< of other topics, by topic
  std::int64_t start_ms = 0;                          ///< the story's 0
  bool exact_times = true;  ///< false: the story was played in real time, so its times are only about
};

/// One sentence for each difference; empty: all is as expected.
std::vector<std::string> differences(const Case& expected, const Played& played);

}  // namespace ebc::conformance
