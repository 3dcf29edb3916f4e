// A case of the conformance suite, as docs/conformance.md describes the files: what is sent when, and what must come
// out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ebc::conformance {

using CaseHeaders = std::vector<std::pair<std::string, std::string>>;

struct Step {
  enum class Kind : std::uint8_t { Send, Repeat, Pass, Commit, Crash, Restart } kind = Kind::Send;
  // Send
  std::optional<std::string> value;   ///< none: a tombstone
  std::optional<std::string> key;     ///< none: no key
  std::optional<int> partition;       ///< none: by Java's partitioner from the key
  std::optional<std::int64_t> at_ms;  ///< the record's timestamp in the story; none: the story's present
  CaseHeaders headers;
  // Repeat: the step whose record is sent once more, timestamp and all
  std::size_t step = 0;
  // Pass
  std::int64_t ms = 0;
};

struct ExpectedOutcome {
  std::size_t create = 0;  ///< the step with its Create
  std::optional<std::int64_t> created_ms, resolved_ms;
  bool any_created = false;                   ///< `created` isn't compared
  std::string key;                            ///< the group id
  std::map<std::string, std::string> fields;  ///< name -> JSON, of all fields but created, resolved and origin
  CaseHeaders headers;
};

struct ExpectedDeadLetter {
  std::string reason;
  std::size_t step = 0;              ///< whose record it shows
  std::optional<std::string> value;  ///< where it isn't that record's: a handler's message
  std::optional<std::string> key;
  std::string detail;  ///< a part of dlq.detail
};

struct ExpectedMessage {
  std::string topic, key;
  std::optional<std::string> value;  ///< none: the outcome with the index
  std::size_t outcome = 0;
};

struct Case {
  std::string name;
  std::string file;
  std::vector<std::string> proves;
  std::map<std::string, std::string> options;  ///< as on the command line
  bool live = false;                           ///< only where records are read as they are written
  bool process_only = false;                   ///< about what only a real broker does
  std::int64_t end_ms = 120'000;               ///< how long time goes on after the last step
  std::vector<Step> steps;
  std::vector<ExpectedOutcome> outcomes;
  std::vector<ExpectedDeadLetter> dead_letters;
  std::vector<ExpectedMessage> messages;
};

/// Throws std::runtime_error with the file and the case for whatever isn't as the format has it.
std::vector<Case> read_cases(const std::filesystem::path& file);
/// Of all files of the folder, sorted by name.
std::vector<Case> read_all_cases(const std::filesystem::path& folder);

}  // namespace ebc::conformance
