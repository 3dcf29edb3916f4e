// The commands of the bus as JSON, and a look at the events that come back. The only user of simdjson in app/.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/status.h"

namespace ebc::app {

struct CreateCommand {
  std::string group;
  std::vector<std::string> expected;
  std::string ttl;      ///< a JSON number, as the user spelled it; empty: none
  std::string payload;  ///< JSON; empty: none
  std::string policy;   ///< a policy's name, quorum:K, tolerate:N or JSON; empty: none
};

/// The message, or what is wrong with the JSON or the numbers that were given.
Result<std::string> create_json(const CreateCommand& command);
/// `result`: JSON, empty for null.
Result<std::string> done_json(std::string_view group, std::string_view entity, std::string_view result);
struct UpdateCommand {
  std::string group;
  std::vector<std::string> add;
  std::string ttl;  ///< as in CreateCommand
  bool seal = false;
};

/// One of add, ttl and seal must be given.
Result<std::string> update_json(const UpdateCommand& command);
/// `reason`: a text; empty: none.
std::string cancel_json(std::string_view group, std::string_view reason);
std::string fail_json(std::string_view group, std::string_view entity, std::string_view error);

/// `text` as a JSON string with its quotes; every control character escaped. Invalid UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);

/// Ok when `text` is exactly one JSON value.
Status check_json(std::string_view text);

/// JSON without the blanks between its tokens: one line. Tokens stay the bytes they were.
std::string one_line(std::string_view json);

/// What a reader of the bus wants to know of an event. Fields that it hasn't are empty.
struct EventSummary {
  std::string type, id, group, entity, cause;
  std::string error;  ///< as JSON
  bool is_outcome() const;
  bool is_success() const;
};

/// nullopt when it is no JSON object with a type.
std::optional<EventSummary> summarize_event(std::string_view json);

}  // namespace ebc::app
