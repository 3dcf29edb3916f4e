// An event group and what may become of it: plain state and pure functions. No store, no clock, no bytes of JSON beyond
// those that are handed through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "processor/api/record.h"
#include "processor/group/event.h"
#include "processor/group/options.h"
#include "processor/group/policy.h"

namespace ebc::group {

/// Stored: never change these values.
enum class EntityState : std::uint8_t {
  Unexpected = 0,  ///< not of this group; never stored
  Awaited = 1,
  Result = 2,
  Error = 3,
};

struct Entity {
  std::string id;
  EntityState state = EntityState::Awaited;
  bool apart = false;  ///< the value has a row of its own and isn't here
  std::string value;   ///< JSON of the result or error; empty while awaited
  Duration settled{};  ///< when it settled, from the group's creation on; 0 while awaited
};

/// Entities sorted by the bytes of their ids. Cleared, it keeps the memory of its strings for the next ones.
class EntityList {
 public:
  Entity* begin() { return items_.data(); }
  Entity* end() { return items_.data() + size_; }
  const Entity* begin() const { return items_.data(); }
  const Entity* end() const { return items_.data() + size_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  void clear() { size_ = 0; }
  /// Gives the memory back, too.
  void reset() { items_ = {}, size_ = 0; }

  /// Null: there is none of this id.
  Entity* find(std::string_view id);
  /// One more, awaited, behind all others: its id is greater than theirs.
  Entity& append(std::string_view id);
  /// One more, awaited, at its place. Its id isn't there yet.
  Entity& insert(std::string_view id);

 private:
  std::vector<Entity> items_;  ///< the first size_ are in use
  std::size_t size_ = 0;
};

/// A part of a spread group's entities, and a row: those whose ids have the same hash, modulo the number of buckets.
struct Bucket {
  EntityList entities;
  std::size_t bytes = 0;  ///< of ids and values here
  bool loaded = false;
  bool stored = false;  ///< it has a row; known once it is loaded
  bool dirty = false;
};

/// Where a group's Create stood; with its bytes' fingerprint and timestamp, what a repeat is known by.
struct Origin {
  std::string topic;
  Partition partition = 0;
  Offset offset = 0;
  Timestamp timestamp{};          ///< of the record, as its producer set it
  std::uint64_t fingerprint = 0;  ///< of the record's value
};

/// A topic and a message; an empty topic is no message.
struct Target {
  std::string topic;
  std::string payload;  ///< empty: the outcome
};

/// What a Create gives to be handed on; it never changes.
struct Envelope {
  std::string payload;                      ///< JSON
  std::string labels, sender, description;  ///< JSON; empty: absent
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  Target on_success, on_failure;
  std::string parent_group, parent_entity;  ///< empty: no parent
};

/// How a group lies in the store (group_store.h). Stored: never change these values.
enum class Layout : std::uint8_t {
  Compact = 1,  ///< everything in one row
  // 2 was used before any release.
  Spread = 3,  ///< the head in one row, the envelope in one, the entities in a number of buckets
};

struct Group {
  Timestamp created{};
  Timestamp deadline{};
  std::string ttl;  ///< seconds, as last given
  Origin origin;
  Policy policy;
  bool sealed = true;
  Counts counts;
  std::uint64_t parked = 0;         ///< events of entities not expected, kept until the seal
  std::uint64_t outcome_bytes = 0;  ///< what an outcome would take by now, never less than it does
  Layout layout = Layout::Compact;
  // Held here by a compact group only.
  Envelope envelope;
  EntityList entities;
  // Of a spread group.
  std::vector<Bucket> buckets;               ///< a power of two; those loaded so far have their entities
  bool values_apart = false;                 ///< some entity's value has a row of its own
  std::vector<std::uint32_t> dirty_buckets;  ///< in no order
  std::size_t bucket_bytes = 0;              ///< of all that is loaded
  std::size_t dirty_bytes = 0;               ///< of the dirty ones
};

/// What a compact group would take as a row, roughly.
std::size_t compact_bytes(const Group& group);

/// Stored nowhere but in outcomes, as cause_name().
enum class Cause : std::uint8_t { Error, Timeout, Cancelled, Unmet, Invalid, TooLarge };
inline constexpr std::size_t kCauses = 6;
std::string_view cause_name(Cause cause);

/// How a group ends.
struct Resolution {
  std::optional<Cause> cause;  ///< none: success
  std::string_view entity;     ///< whose error decided; empty: the group itself
  Json error;                  ///< JSON; empty with success
  Timestamp resolved{};
};

/// Makes `group` the one that `create` opens, all but its entities (expect() adds each). Whatever it was before is
/// gone, but for its memory.
void open_group(Group& group, std::string_view id, const Create& create, const Record& record, Timestamp time,
                const CollectorOptions& options);

/// One more entity is expected.
void expect(Group& group);

/// A new deadline.
void prolong(Group& group, const Ttl& ttl, Timestamp from, const CollectorOptions& options);

enum class DoneVerdict : std::uint8_t {
  Settles,
  Repeats,    ///< word for word what came before
  Differs,    ///< the entity is settled otherwise
  Park,       ///< not expected, but it may be yet
  Fails,      ///< not expected, an error: fails the group
  Unwelcome,  ///< not expected, a result
};

/// What `done` means to a group in which its entity is in `state` with `value`.
DoneVerdict judge(const Group& group, EntityState state, std::string_view value, const EntityDone& done);

/// The awaited entity of `done` settles.
void settle(Group& group, const EntityDone& done);

/// The end that the counts ask for after `last` settled (null: something else changed); none while the group is open.
/// `text` backs the views of the result.
std::optional<Resolution> resolution(const Group& group, const EntityDone* last, Timestamp time,
                                     const CollectorOptions& options, std::string& text);

/// The end by the deadline.
Resolution timeout(const Group& group, std::string& text);

/// A ttl in seconds as one would write it: 30, 1.5.
std::string spell_seconds(Duration span);

}  // namespace ebc::group
