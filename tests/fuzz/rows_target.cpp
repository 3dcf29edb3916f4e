// The stored formats: any bytes may be decoded without harm; what was decoded is encoded to something that decodes to
// the same; and what was encoded from a group decodes to that group. The changelog's records likewise.
#include <utility>

#include "processor/group/row_codec.h"
#include "state/changelog_codec.h"
#include "tests/fuzz/target.h"

namespace {

using namespace ebc::group;
using ebc::fuzz::check;
using ebc::fuzz::Choices;

/// decode, then encode, decode and encode again: from the first encoding on nothing may change.
template <typename Value, typename Decode, typename Encode>
void round_trip(std::string_view bytes, Decode decode, Encode encode) {
  Value value;
  if (!decode(bytes, value)) return;
  std::string once, twice;
  encode(value, once);
  Value again;
  check(decode(once, again), "what was encoded can't be decoded", bytes);
  encode(again, twice);
  check(once == twice, "an encoding isn't stable", bytes);
}

void decode_any(int what, std::string_view bytes) {
  switch (what) {
    case 0:
      return round_trip<Group>(bytes, decode_group, encode_group);
    case 1:
      return round_trip<Waiting>(bytes, decode_waiting, encode_waiting);
    case 2:
      return round_trip<Marker>(bytes, decode_marker, encode_marker);
    case 3:
      return round_trip<Envelope>(bytes, decode_envelope, encode_envelope);
    case 4:
      return round_trip<StoredEvent>(bytes, decode_event, encode_event);
    case 5:
      return round_trip<Totals>(bytes, decode_totals, encode_totals);
    case 6: {
      HeadKind kind{};
      (void)decode_head_kind(bytes, kind);
      EntityState state{};
      Json value;
      if (!decode_entity(bytes, state, value)) return;
      std::string encoded;
      encode_entity(state, value, encoded);
      check(encoded == bytes, "an entity's row changed", bytes);
      return;
    }
    case 7: {
      Timer timer;
      if (!decode_timer(bytes, timer)) return;
      std::string key;
      timer_key(timer.deadline, timer.kind, timer.id, timer.number, key);
      check(key.substr(1) == bytes.substr(1), "a timer's key changed", bytes);
      return;
    }
    default:
      return;
  }
}

Envelope any_envelope(Choices& choices) {
  Envelope envelope;
  for (std::string* text : {&envelope.payload, &envelope.labels, &envelope.sender, &envelope.description,
                            &envelope.on_success.topic, &envelope.on_success.payload, &envelope.on_failure.topic,
                            &envelope.on_failure.payload, &envelope.parent_group, &envelope.parent_entity}) {
    *text = choices.text();
  }
  for (int left = choices.below(3); left > 0; --left) {
    std::string name = choices.text();
    std::optional<std::string> value;
    if (choices.below(2) == 1) value = choices.text();
    envelope.headers.emplace_back(std::move(name), std::move(value));
  }
  return envelope;
}

Group any_group(Choices& choices) {
  const auto time = [&choices] { return ebc::timestamp_from_ms(static_cast<std::int64_t>(choices.number())); };
  Group group;
  group.created = time();
  group.deadline = time();
  group.ttl = choices.text();
  group.origin = {choices.text(), static_cast<ebc::Partition>(choices.number()),
                  static_cast<ebc::Offset>(choices.number()), time(), choices.number()};
  group.policy = Policy::quorum(choices.number());
  group.sealed = choices.below(2) == 1;
  group.counts = {choices.number(), choices.number(), choices.number(), choices.below(2) == 1};
  group.parked = choices.number();
  group.outcome_bytes = choices.number();
  group.layout = choices.below(2) == 1 ? Layout::Spread : Layout::Compact;
  if (group.layout == Layout::Spread) {
    group.buckets.resize(std::size_t{1} << choices.below(5));
    group.values_apart = choices.below(2) == 1;
    return group;
  }
  group.envelope = any_envelope(choices);
  for (int left = choices.below(5); left > 0; --left) {
    Entity& entity = group.entities.append(choices.text());
    entity.state = static_cast<EntityState>(1 + choices.below(3));
    if (entity.state != EntityState::Awaited) {
      entity.settled = ebc::Duration{static_cast<std::int64_t>(choices.number() % (std::uint64_t{1} << 53))};
    }
    entity.value = choices.text();
  }
  return group;
}

void encode_any(Choices& choices) {
  const Group group = any_group(choices);
  std::string row, again;
  encode_group(group, row);
  Group decoded;
  HeadKind kind{};
  check(decode_head_kind(row, kind) && kind == HeadKind::Group && decode_group(row, decoded), "a group is lost", row);
  encode_group(decoded, again);
  check(row == again && decoded.created == group.created && decoded.deadline == group.deadline &&
            decoded.origin.offset == group.origin.offset && decoded.counts.expected == group.counts.expected &&
            decoded.entities.size() == group.entities.size() && decoded.policy == group.policy &&
            decoded.buckets.size() == group.buckets.size(),
        "a group changed", row);

  // Rows of one group are between its bounds, those of any other aren't: ids may hold NUL and be each other's prefix.
  const std::string id = choices.text();
  const std::string other = choices.text();
  std::string key, from, until;
  entity_key(other, choices.text(), key);
  entities_of(id, from, until);
  check((key >= from && key < until) == (id == other), "rows of two groups mix", key);
}

void changelog(std::string_view bytes) {
  const std::size_t split = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front()) % (bytes.size() + 1);
  const std::string_view key = bytes.substr(0, split);
  const std::string_view value = bytes.substr(split);
  const auto any = ebc::state::decode_changelog(key, value);
  if (any.ok()) {
    std::string scratch;
    const auto record = ebc::state::encode_changelog(any.value(), scratch);
    check(record.key == key && record.value == value, "a changelog record changed", bytes);
  }
  if (key.empty()) return;
  std::string scratch;
  for (const auto& written : {std::optional<std::string_view>{value}, std::optional<std::string_view>{}}) {
    const auto record = ebc::state::encode_changelog({key, written}, scratch);
    const auto back = ebc::state::decode_changelog(record.key, record.value);
    check(back.ok() && back.value().key == key && back.value().value == written, "a write changed", bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices{ebc::fuzz::text_of(data, size)};
  const int what = choices.below(10);
  if (what < 8) {
    decode_any(what, choices.rest());
  } else if (what == 8) {
    encode_any(choices);
  } else {
    changelog(choices.rest());
  }
  return 0;
}
