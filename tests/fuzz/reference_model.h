// The contract once more, written as plainly as possible: every group a few maps, everything decided anew after each
// event. No rows, no cache, no commit. The collector must do what this does.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace ebc::fuzz {

/// A command as it was made up; `json` is what the collector gets.
struct Command {
  enum class Kind : std::uint8_t { Create, Done, Update, Cancel } kind = Kind::Done;
  std::string json;
  std::int64_t timestamp = 0;  ///< of the record, ms
  std::int64_t offset = 0;
  std::string group;
  // Create
  std::set<std::string> expected;
  std::string policy;  ///< as spelled in the Create
  bool sealed = true;
  std::string payload;  ///< JSON
  bool has_parent = false, has_handler = false;
  // Create and Update
  std::string ttl;  ///< as spelled; empty: none
  std::int64_t ttl_ms = 0;
  // Done
  std::string entity, value;  ///< JSON of the result or error
  bool failed = false;
  // Update
  std::set<std::string> add;
  bool seal = false;
  // Cancel
  std::string reason;  ///< JSON; empty: none
};

struct ModelOptions {
  std::int64_t default_ttl_ms = 0, orphan_ttl_ms = 0, retention_ms = 0;
  bool late_to_dead_letters = false, ignore_reuse = false;
};

/// What the model knows of the groups.
namespace model {

struct Settled {
  bool failed = false;
  std::string value;
};

struct Waiting {
  Command command;
  std::int64_t time = 0;
};

struct Group {
  Command create;
  std::int64_t created = 0, deadline = 0;
  std::string ttl;
  bool sealed = true;
  std::set<std::string> expected;
  std::map<std::string, Settled> settled;
  std::optional<bool> first_failed;
  std::map<std::string, Command> parked;
};

struct Marker {
  Command create;
  std::int64_t expires = 0;
};

struct Known {
  std::optional<Group> group;
  std::optional<Marker> marker;
  std::vector<Waiting> waiting;
};

}  // namespace model

/// Gives what must be sent, one line a message: what to compare with the collector's. A copy of it is a snapshot.
class ReferenceModel {
 public:
  explicit ReferenceModel(const ModelOptions& options) : options_(options) {}

  void process(const Command& command, std::int64_t time);
  void advance_clock(std::int64_t clock);
  /// What a crash forgets of what was committed.
  void forget_markers();
  std::vector<std::string> take() { return std::exchange(sent_, {}); }
  std::size_t open_groups() const;

 private:
  using Known = model::Known;
  struct End {
    std::string cause;  ///< empty: success
    std::string entity, error;
  };

  void create(Known& known, const Command& command, std::int64_t time);
  void act(Known& known, const Command& command, std::int64_t time);
  void done(Known& known, const Command& command, std::int64_t time);
  void settle(Known& known, const Command& command, std::int64_t time);
  void update(Known& known, const Command& command, std::int64_t time);
  void decide(Known& known, const Command* last, std::int64_t time);
  void time_out(Known& known);
  void resolve(Known& known, const End& end, std::int64_t time);
  void late(const Command& command);
  void dead_letter(const char* reason, const Command& command);

  ModelOptions options_;
  std::int64_t clock_ = 0;
  std::map<std::string, Known> known_;
  std::vector<std::string> sent_;
};

/// As it stands in outcomes.
std::string model_time(std::int64_t ms);

}  // namespace ebc::fuzz
