// The stored form of everything the collector keeps. Numbers are varints (zigzag where they may be negative), texts are
// a length and bytes, times are ms since 1970; be16 and be64 are big-endian.
//
//   key                                          value
//   0x10 id                                      head row (below): what is known of the group id
//   0x11 id                                      envelope of a spread group
//   0x12 be64(deadline ms + 2^63) kind id16 be64 version=1: a timer; be64 is a waiting event's number, else 0
//   0x13 id16 entity-id                          state byte, JSON: a large result or error of a spread group's entity
//   0x14 id16 be64(number)                       stored event: waits for its group's Create
//   0x15 id16 entity-id                          stored event: waits for its group's seal
//   0x16                                         totals: open groups, waiting events
//   0x17 id16 be32(bucket)                       bucket: some of a spread group's entities
//
//   id16     := be16(length) bytes                 so that ids that are prefixes of each other, or hold NUL, stay apart
//   head     := version=1 kind ( group | waiting | resolved )
//   group    := created deadline ttl origin policy-kind policy-name policy-limit sealed expected results failures
//               first-failed parked outcome-bytes layout ( compact | spread )
//   compact  := envelope count { entity }
//   spread   := buckets values-apart                which bucket: fingerprint of the entity's id (hash.h), modulo
//                                                   buckets
//   bucket   := version=1 { entity }
//   entity   := id state [ settled ] value          state has the bit 0x80: the value has a row of its own; settled,
//                                                   unless awaited: ms from created on, 1 to 3 bytes within half an
//                                                   hour
//   waiting  := count next-number
//   resolved := record-timestamp fingerprint expires
//   origin   := topic partition offset record-timestamp fingerprint
//   envelope := payload labels sender description on-success on-failure parent-group parent-entity headers
//   headers  := count { name has-value [ value ] }
//   event    := version=1 time expires topic partition offset record-timestamp key value headers   (key, value: has
//   [text])
//
// Never change these values and layouts; a new one takes a new version.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processor/group/group.h"

namespace ebc::group {

enum class HeadKind : std::uint8_t { Group = 1, Waiting = 2, Resolved = 3 };
enum class TimerKind : std::uint8_t { Deadline = 1, WaitingEvent = 2, Marker = 3 };

/// Events that wait for the Create of their group.
struct Waiting {
  std::uint64_t count = 0;
  std::uint64_t next_number = 0;
};

/// What is remembered of a resolved group.
struct Marker {
  Timestamp create_timestamp{};
  std::uint64_t create_fingerprint = 0;
  Timestamp expires{};
};

struct Timer {
  Timestamp deadline{};
  TimerKind kind = TimerKind::Deadline;
  std::string id;
  std::uint64_t number = 0;
};

struct Totals {
  std::uint64_t open_groups = 0;
  std::uint64_t waiting_events = 0;
  bool operator==(const Totals&) const = default;
};

/// A record kept for later, whole, so that a dead letter can still show it.
struct StoredEvent {
  Timestamp time{};     ///< by which it was judged when it came
  Timestamp expires{};  ///< kNever while it waits for a seal
  std::string topic;
  Partition partition = 0;
  Offset offset = 0;
  Timestamp timestamp{};
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

// Keys. Each replaces `out`.
void head_key(std::string_view id, std::string& out);
void envelope_key(std::string_view id, std::string& out);
void timer_key(Timestamp deadline, TimerKind kind, std::string_view id, std::uint64_t number, std::string& out);
/// Where the timers begin that end at `deadline` or later.
void timers_from(Timestamp deadline, std::string& out);
/// Behind all timers.
void timers_end(std::string& out);
void entity_key(std::string_view id, std::string_view entity, std::string& out);
void waiting_key(std::string_view id, std::uint64_t number, std::string& out);
void parked_key(std::string_view id, std::string_view entity, std::string& out);
void totals_key(std::string& out);
// Bounds of a scan over one group's rows.
void entities_of(std::string_view id, std::string& from, std::string& until);
void waiting_of(std::string_view id, std::string& from, std::string& until);
void parked_of(std::string_view id, std::string& from, std::string& until);
/// How long the part is that the keys of one group's rows share.
std::size_t row_prefix_size(std::string_view id);
void bucket_key(std::string_view id, std::uint32_t bucket, std::string& out);
void buckets_of(std::string_view id, std::string& from, std::string& until);
/// Which bucket a key of buckets_of() names.
std::uint32_t bucket_of_key(std::string_view key);

// Values. Each encoder replaces `out`; each decoder is false when the bytes are not what the grammar above says.
void encode_group(const Group& group, std::string& out);
void encode_waiting(const Waiting& waiting, std::string& out);
void encode_marker(const Marker& marker, std::string& out);
bool decode_head_kind(std::string_view bytes, HeadKind& out);
bool decode_group(std::string_view bytes, Group& out);
bool decode_waiting(std::string_view bytes, Waiting& out);
bool decode_marker(std::string_view bytes, Marker& out);

void encode_envelope(const Envelope& envelope, std::string& out);
bool decode_envelope(std::string_view bytes, Envelope& out);
void encode_entity(EntityState state, Json value, std::string& out);
/// `value` is a view into `bytes`.
bool decode_entity(std::string_view bytes, EntityState& state, Json& value);
void encode_bucket(const EntityList& entities, std::string& out);
bool decode_bucket(std::string_view bytes, EntityList& out);
void encode_event(const StoredEvent& event, std::string& out);
bool decode_event(std::string_view bytes, StoredEvent& out);
bool decode_timer(std::string_view key, Timer& out);
void encode_totals(const Totals& totals, std::string& out);
bool decode_totals(std::string_view bytes, Totals& out);

}  // namespace ebc::group
