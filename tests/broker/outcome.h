// An outcome as a consumer of the bus reads it: JSON as values, times as ms.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::broker_test {

/// One spelling for equal JSON values: no blanks, keys sorted. Throws std::runtime_error when it is no JSON.
std::string canonical_json(std::string_view json);

/// The fields of a JSON object, each canonical.
std::map<std::string, std::string> json_fields(std::string_view json);

struct Outcome {
  bool success = false;  ///< EventGroupCollectorSuccess; else EventGroupCollectorFailure
  std::string id, entity, cause, origin;
  std::string error;                           ///< canonical JSON; empty: no such field
  std::map<std::string, std::string> results;  ///< entity -> canonical JSON
  std::string payload;                         ///< canonical JSON
  std::vector<std::string> missing;
  std::int64_t missing_count = 0;
  std::int64_t created_ms = 0, resolved_ms = 0;
  std::string malformed;  ///< what is not as the contract has it; empty: nothing
};

/// nullopt: no outcome (a command, somebody else's event, no JSON at all).
std::optional<Outcome> parse_outcome(std::string_view value);

/// ms since the epoch of "2026-07-17T23:38:21.402Z": that form exactly, else nullopt.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace ebc::broker_test
