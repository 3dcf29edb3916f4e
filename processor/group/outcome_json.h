// Outcomes out: the JSON of Success and Failure, and of what a group tells its parent.
#pragma once

#include <string>
#include <string_view>

#include "processor/group/group.h"

namespace ebc::group {

/// What became of a group's entities, collected in the order of their ids.
class EntityLists {
 public:
  /// Empties it; the memory is kept. `max_missing`: how many awaited ids are listed; all are counted.
  void reset(std::size_t max_missing);

  void add(std::string_view id, EntityState state, Json value);

  /// Members without the brackets around them.
  const std::string& results() const { return results_; }
  const std::string& errors() const { return errors_; }
  /// Adds at most `max_bytes` of awaited ids: an outcome has a limit.
  std::string_view missing(std::size_t max_bytes) const;
  std::uint64_t missing_count() const { return missing_count_; }

 private:
  std::size_t max_missing_ = 0;
  std::string results_, errors_, missing_;
  std::vector<std::size_t> missing_ends_;  ///< in missing_, behind each id
  std::uint64_t missing_count_ = 0;
};

/// All that an outcome says.
struct Outcome {
  std::string_view id;
  Resolution resolution;
  Timestamp created{};
  const Origin& origin;
  const Envelope& envelope;
  const EntityLists& lists;
  bool with_errors = false;      ///< list `errors` where an entity failed
  bool payload_dropped = false;  ///< the payload itself was the reason
  std::size_t max_bytes = 0;     ///< `missing` is cut to fit
};

/// Replaces `out`.
void encode_outcome(const Outcome& outcome, std::string& out);

/// The EntityDone that a child sends for its entity of the parent group. Replaces `out`.
void encode_parent_done(const Outcome& outcome, std::string& out);

}  // namespace ebc::group
