// What a group must become: a naive model of the contract, and the question whether what was seen is possible.
//
// A group's events reach its home by two ways: in its own input partition, and re-keyed. Each way keeps its order; how
// the two merge, and when exactly the home's clock passes a deadline, is open within the contract's limits. So the
// model doesn't predict one outcome: it looks for a merge that ends in exactly what was seen, outcomes and dead
// letters.
//
// At least once, what a process did before it ended may have been seen and not counted: each outcome and each letter
// must be possible by itself, and one merge must be possible that made only such as were seen.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/workload.h"

namespace ebc::simulation {

struct SeenOutcome {
  std::map<std::string, std::string, std::less<>> fields;  ///< as JSON, by name
  Timestamp created{}, resolved{};
  bool operator==(const SeenOutcome&) const = default;
};

/// Where a producer's record lies in the input.
using Place = std::pair<Partition, Offset>;
inline Place place_of(const SentEvent& event) { return {event.partition, event.offset}; }

struct GroupStory {
  const SentGroup* group = nullptr;
  std::vector<const SentEvent*> direct, rekeyed;   ///< in the order in which the home reads them
  std::vector<SeenOutcome> outcomes;               ///< in the order in which they were written
  std::map<Place, std::set<std::string>> letters;  ///< dead-letter reasons
};

struct ModelRules {
  Duration orphan_ttl{1'000};
  std::string input_topic;
  bool at_least_once = false;  ///< outcomes and letters may be repeated
};

/// Empty: it is possible. Else what the model would allow first, for a reader of the failure.
std::string judge(const GroupStory& story, const ModelRules& rules);

/// None: not an outcome that can be read.
std::optional<SeenOutcome> parse_outcome(std::string_view json);

}  // namespace ebc::simulation
