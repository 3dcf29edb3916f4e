#include "processor/group/row_codec.h"

#include <bit>

#include "processor/group/bytes.h"

namespace ebc::group {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint64_t kSignFlip = std::uint64_t{1} << 63;
constexpr std::uint8_t kApart = 0x80;
/// More than any group has: a damaged row must not ask for all memory.
constexpr std::uint64_t kMostBuckets = std::uint64_t{1} << 24;
/// Some 280,000 years.
constexpr std::uint64_t kLongestMs = std::uint64_t{1} << 53;

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

void time(ByteWriter& to, Timestamp value) { to.signed_number(to_ms(value)); }
Timestamp time(ByteReader& from) { return timestamp_from_ms(from.signed_number()); }

void optional_text(ByteWriter& to, const std::optional<std::string>& value) {
  to.byte(value ? 1 : 0);
  if (value) to.text(*value);
}
std::optional<std::string> optional_text(ByteReader& from) {
  if (from.byte() == 0) return std::nullopt;
  return std::string(from.text());
}

void put_headers(ByteWriter& to, const Headers& headers) {
  to.number(headers.size());
  for (const auto& [name, value] : headers) {
    to.text(name);
    optional_text(to, value);
  }
}
void get_headers(ByteReader& from, Headers& out) {
  out.clear();
  for (std::uint64_t left = from.number(); left > 0 && from.fine(); --left) {
    std::string name{from.text()};
    out.emplace_back(std::move(name), optional_text(from));
  }
}

void put_envelope(ByteWriter& to, const Envelope& envelope) {
  to.text(envelope.payload);
  to.text(envelope.labels);
  to.text(envelope.sender);
  to.text(envelope.description);
  for (const Target* target : {&envelope.on_success, &envelope.on_failure}) {
    to.text(target->topic);
    to.text(target->payload);
  }
  to.text(envelope.parent_group);
  to.text(envelope.parent_entity);
  put_headers(to, envelope.headers);
}
void get_envelope(ByteReader& from, Envelope& out) {
  out.payload = from.text();
  out.labels = from.text();
  out.sender = from.text();
  out.description = from.text();
  for (Target* target : {&out.on_success, &out.on_failure}) {
    target->topic = from.text();
    target->payload = from.text();
  }
  out.parent_group = from.text();
  out.parent_entity = from.text();
  get_headers(from, out.headers);
}

void put_origin(ByteWriter& to, const Origin& origin) {
  to.text(origin.topic);
  to.signed_number(origin.partition);
  to.signed_number(origin.offset);
  time(to, origin.timestamp);
  to.number(origin.fingerprint);
}
void get_origin(ByteReader& from, Origin& out) {
  out.topic = from.text();
  out.partition = static_cast<Partition>(from.signed_number());
  out.offset = from.signed_number();
  out.timestamp = time(from);
  out.fingerprint = from.number();
}

bool get_state(ByteReader& from, EntityState& out) {
  const std::uint8_t state = from.byte();
  out = static_cast<EntityState>(state);
  return state >= 1 && state <= 3;
}

void put_entity(ByteWriter& to, const Entity& entity) {
  to.text(entity.id);
  to.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(entity.state) | (entity.apart ? kApart : 0)));
  if (entity.state != EntityState::Awaited) to.number(static_cast<std::uint64_t>(entity.settled.count()));
  to.text(entity.value);
}
bool get_entity(ByteReader& from, EntityList& out) {
  Entity& entity = out.append(from.text());
  const std::uint8_t state = from.byte();
  entity.apart = (state & kApart) != 0;
  entity.state = static_cast<EntityState>(state & ~kApart);
  const std::uint64_t settled = entity.state != EntityState::Awaited ? from.number() : 0;
  entity.settled = Duration{static_cast<std::int64_t>(settled)};
  entity.value = from.text();
  return from.fine() && settled <= kLongestMs && entity.state >= EntityState::Awaited &&
         entity.state <= EntityState::Error;
}

bool get_policy(ByteReader& from, Policy& out) {
  const std::uint8_t kind = from.byte();
  const std::uint8_t name = from.byte();
  out = {static_cast<PolicyKind>(kind), static_cast<PolicyName>(name), from.number()};
  return kind >= 1 && kind <= 4 && name >= 1 && name <= 6;
}

ByteReader head_reader(std::string_view bytes) { return ByteReader{bytes.size() < 2 ? bytes : bytes.substr(2)}; }
ByteWriter head_writer(HeadKind kind, std::string& out) {
  out.clear();
  ByteWriter to{out};
  to.byte(kVersion);
  to.byte(static_cast<std::uint8_t>(kind));
  return to;
}

ByteWriter tagged(std::uint8_t tag, std::string& out) {
  out.clear();
  ByteWriter to{out};
  to.byte(tag);
  return to;
}
ByteWriter group_rows(std::uint8_t tag, std::string_view id, std::string& out) {
  ByteWriter to = tagged(tag, out);
  to.big_endian16(static_cast<std::uint16_t>(id.size()));
  out.append(id);
  return to;
}

/// The least key above all that begin with `prefix`; no prefix of ours is all 0xFF.
void successor(std::string_view prefix, std::string& out) {
  out.assign(prefix);
  while (static_cast<unsigned char>(out.back()) == 0xFF) out.pop_back();
  out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
}

void rows_of(std::uint8_t tag, std::string_view id, std::string& from, std::string& until) {
  group_rows(tag, id, from);
  successor(from, until);
}

}  // namespace

void head_key(std::string_view id, std::string& out) { tagged(0x10, out), out.append(id); }
void envelope_key(std::string_view id, std::string& out) { tagged(0x11, out), out.append(id); }

void timer_key(Timestamp deadline, TimerKind kind, std::string_view id, std::uint64_t number, std::string& out) {
  ByteWriter to = tagged(0x12, out);
  to.big_endian64(static_cast<std::uint64_t>(to_ms(deadline)) ^ kSignFlip);
  to.byte(static_cast<std::uint8_t>(kind));
  to.big_endian16(static_cast<std::uint16_t>(id.size()));
  out.append(id);
  to.big_endian64(number);
}
void timers_from(Timestamp deadline, std::string& out) {
  tagged(0x12, out).big_endian64(static_cast<std::uint64_t>(to_ms(deadline)) ^ kSignFlip);
}
void timers_end(std::string& out) { tagged(0x13, out); }
bool decode_timer(std::string_view key, Timer& out) {
  ByteReader from{key};
  from.byte();
  out.deadline = timestamp_from_ms(static_cast<std::int64_t>(from.big_endian64() ^ kSignFlip));
  const std::uint8_t kind = from.byte();
  out.kind = static_cast<TimerKind>(kind);
  out.id = from.take(from.big_endian16());
  out.number = from.big_endian64();
  return from.fine() && from.at_end() && kind >= 1 && kind <= 3;
}

void entity_key(std::string_view id, std::string_view entity, std::string& out) {
  group_rows(0x13, id, out), out.append(entity);
}
void waiting_key(std::string_view id, std::uint64_t number, std::string& out) {
  group_rows(0x14, id, out).big_endian64(number);
}
void parked_key(std::string_view id, std::string_view entity, std::string& out) {
  group_rows(0x15, id, out), out.append(entity);
}
void totals_key(std::string& out) { tagged(0x16, out); }
void entities_of(std::string_view id, std::string& from, std::string& until) { rows_of(0x13, id, from, until); }
void waiting_of(std::string_view id, std::string& from, std::string& until) { rows_of(0x14, id, from, until); }
void parked_of(std::string_view id, std::string& from, std::string& until) { rows_of(0x15, id, from, until); }
std::size_t row_prefix_size(std::string_view id) { return 3 + id.size(); }
void bucket_key(std::string_view id, std::uint32_t bucket, std::string& out) {
  ByteWriter to = group_rows(0x17, id, out);
  to.big_endian16(static_cast<std::uint16_t>(bucket >> 16));
  to.big_endian16(static_cast<std::uint16_t>(bucket));
}
void buckets_of(std::string_view id, std::string& from, std::string& until) { rows_of(0x17, id, from, until); }
std::uint32_t bucket_of_key(std::string_view key) {
  ByteReader from{key.size() < 4 ? key : key.substr(key.size() - 4)};
  const std::uint32_t high = from.big_endian16();
  return high << 16 | from.big_endian16();
}

void encode_group(const Group& group, std::string& out) {
  ByteWriter to = head_writer(HeadKind::Group, out);
  time(to, group.created);
  time(to, group.deadline);
  to.text(group.ttl);
  put_origin(to, group.origin);
  to.byte(static_cast<std::uint8_t>(group.policy.kind));
  to.byte(static_cast<std::uint8_t>(group.policy.name));
  to.number(group.policy.limit);
  to.byte(group.sealed ? 1 : 0);
  to.number(group.counts.expected);
  to.number(group.counts.results);
  to.number(group.counts.failures);
  to.byte(group.counts.first_failed ? 1 : 0);
  to.number(group.parked);
  to.number(group.outcome_bytes);
  to.byte(static_cast<std::uint8_t>(group.layout));
  if (group.layout == Layout::Spread) {
    to.number(group.buckets.size());
    to.byte(group.values_apart ? 1 : 0);
    return;
  }
  put_envelope(to, group.envelope);
  to.number(group.entities.size());
  for (const Entity& entity : group.entities) put_entity(to, entity);
}

bool decode_group(std::string_view bytes, Group& out) {
  ByteReader from = head_reader(bytes);
  out.created = time(from);
  out.deadline = time(from);
  out.ttl = from.text();
  get_origin(from, out.origin);
  if (!get_policy(from, out.policy)) return false;
  out.sealed = from.byte() != 0;
  out.counts.expected = from.number();
  out.counts.results = from.number();
  out.counts.failures = from.number();
  out.counts.first_failed = from.byte() != 0;
  out.parked = from.number();
  out.outcome_bytes = from.number();
  const std::uint8_t layout = from.byte();
  out.layout = static_cast<Layout>(layout);
  out.entities.clear();
  out.buckets.clear();
  out.values_apart = false;
  out.dirty_buckets.clear();
  out.bucket_bytes = out.dirty_bytes = 0;
  switch (out.layout) {
    case Layout::Compact:
      get_envelope(from, out.envelope);
      for (std::uint64_t left = from.number(); left > 0 && from.fine(); --left) {
        if (!get_entity(from, out.entities)) return false;
      }
      return from.fine() && from.at_end();
    case Layout::Spread: {
      const std::uint64_t buckets = from.number();
      out.values_apart = from.byte() != 0;
      if (!from.fine() || !from.at_end() || !std::has_single_bit(buckets) || buckets > kMostBuckets) return false;
      out.buckets.resize(buckets);
      out.envelope = {};
      return true;
    }
  }
  return false;
}

bool decode_head_kind(std::string_view bytes, HeadKind& out) {
  ByteReader from{bytes};
  const std::uint8_t version = from.byte();
  const std::uint8_t kind = from.byte();
  out = static_cast<HeadKind>(kind);
  return from.fine() && version == kVersion && kind >= 1 && kind <= 3;
}

void encode_waiting(const Waiting& waiting, std::string& out) {
  ByteWriter to = head_writer(HeadKind::Waiting, out);
  to.number(waiting.count);
  to.number(waiting.next_number);
}
bool decode_waiting(std::string_view bytes, Waiting& out) {
  ByteReader from = head_reader(bytes);
  out.count = from.number();
  out.next_number = from.number();
  return from.fine() && from.at_end();
}

void encode_marker(const Marker& marker, std::string& out) {
  ByteWriter to = head_writer(HeadKind::Resolved, out);
  time(to, marker.create_timestamp);
  to.number(marker.create_fingerprint);
  time(to, marker.expires);
}
bool decode_marker(std::string_view bytes, Marker& out) {
  ByteReader from = head_reader(bytes);
  out.create_timestamp = time(from);
  out.create_fingerprint = from.number();
  out.expires = time(from);
  return from.fine() && from.at_end();
}

void encode_envelope(const Envelope& envelope, std::string& out) {
  out.clear();
  ByteWriter to{out};
  to.byte(kVersion);
  put_envelope(to, envelope);
}
bool decode_envelope(std::string_view bytes, Envelope& out) {
  ByteReader from{bytes};
  const bool known = from.byte() == kVersion;
  get_envelope(from, out);
  return known && from.fine() && from.at_end();
}

void encode_entity(EntityState state, Json value, std::string& out) {
  out.clear();
  ByteWriter{out}.byte(static_cast<std::uint8_t>(state));
  out.append(value);
}
bool decode_entity(std::string_view bytes, EntityState& state, Json& value) {
  ByteReader from{bytes};
  const bool known = get_state(from, state);
  value = from.rest();
  return known && from.fine();
}

void encode_bucket(const EntityList& entities, std::string& out) {
  out.clear();
  ByteWriter to{out};
  to.byte(kVersion);
  for (const Entity& entity : entities) put_entity(to, entity);
}
bool decode_bucket(std::string_view bytes, EntityList& out) {
  out.clear();
  ByteReader from{bytes};
  if (from.byte() != kVersion) return false;
  while (from.fine() && !from.at_end()) {
    if (!get_entity(from, out)) return false;
  }
  return from.fine();
}

void encode_event(const StoredEvent& event, std::string& out) {
  out.clear();
  ByteWriter to{out};
  to.byte(kVersion);
  time(to, event.time);
  time(to, event.expires);
  to.text(event.topic);
  to.signed_number(event.partition);
  to.signed_number(event.offset);
  time(to, event.timestamp);
  optional_text(to, event.key);
  optional_text(to, event.value);
  put_headers(to, event.headers);
}
bool decode_event(std::string_view bytes, StoredEvent& out) {
  ByteReader from{bytes};
  const bool known = from.byte() == kVersion;
  out.time = time(from);
  out.expires = time(from);
  out.topic = from.text();
  out.partition = static_cast<Partition>(from.signed_number());
  out.offset = from.signed_number();
  out.timestamp = time(from);
  out.key = optional_text(from);
  out.value = optional_text(from);
  get_headers(from, out.headers);
  return known && from.fine() && from.at_end();
}

void encode_totals(const Totals& totals, std::string& out) {
  out.clear();
  ByteWriter to{out};
  to.byte(kVersion);
  to.number(totals.open_groups);
  to.number(totals.waiting_events);
}
bool decode_totals(std::string_view bytes, Totals& out) {
  ByteReader from{bytes};
  const bool known = from.byte() == kVersion;
  out.open_groups = from.number();
  out.waiting_events = from.number();
  return known && from.fine() && from.at_end();
}

}  // namespace ebc::group
