#include "processor/group/group_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "processor/group/hash.h"

namespace ebc::group {
namespace {

/// Entries kept for their memory.
constexpr std::size_t kSpares = 1'024;

/// A group beyond either is spread over rows.
constexpr std::size_t kCompactEntities = 16;
constexpr std::size_t kCompactBytes = std::size_t{16} << 10;

std::size_t bytes_of(const Envelope& envelope) {
  std::size_t bytes = envelope.payload.size() + envelope.labels.size() + envelope.sender.size() +
                      envelope.description.size() + envelope.on_success.payload.size() +
                      envelope.on_failure.payload.size() + envelope.parent_group.size() + envelope.parent_entity.size();
  for (const auto& [name, value] : envelope.headers) bytes += name.size() + (value ? value->size() : 0);
  return bytes;
}

/// What a compact group would take as a row, roughly.
std::size_t bytes_of(const Group& group) {
  std::size_t bytes = bytes_of(group.envelope);
  for (const Entity& entity : group.entities) bytes += entity.id.size() + entity.value.size();
  return bytes;
}

std::size_t memory_of(const Entry& entry) {
  constexpr std::size_t kNode = 64;
  std::size_t bytes = sizeof(Entry) + kNode + entry.id.size();
  if (entry.group) bytes += sizeof(Group) + bytes_of(*entry.group) + entry.group->entities.size() * sizeof(Entity);
  return bytes;
}

auto entity_at(std::vector<Entity>& entities, std::string_view id) {
  return std::lower_bound(entities.begin(), entities.end(), id,
                          [](const Entity& entity, std::string_view wanted) { return entity.id < wanted; });
}

}  // namespace

GroupStore::~GroupStore() {
  entries_.visit([](Entry& entry) { delete &entry; });
}

Status GroupStore::damaged(std::string_view what, std::string_view id) const {
  return {Verdict::TaskCorrupted, fmt::format("the stored {} of group {} can't be read", what, id)};
}

Status GroupStore::init() {
  totals_key(key_);
  const Result<bool> found = store_.get(key_, value_);
  if (!found.ok()) return found.status();
  if (found.value() && !decode_totals(value_, totals_)) {
    return {Verdict::TaskCorrupted, "the stored totals can't be read"};
  }
  totals_written_ = totals_;
  return {};
}

IntrusiveList<Entry>* GroupStore::list_of(Entry::Place place) {
  switch (place) {
    case Entry::Place::Loose:
      return nullptr;
    case Entry::Place::Clean:
      return &clean_;
    case Entry::Place::Dirty:
      return &dirty_;
    case Entry::Place::Remembered:
      return &remembered_;
    case Entry::Place::Spent:
      return &spent_;
  }
  return nullptr;
}

/// Also counts the entry's bytes anew.
void GroupStore::place(Entry& entry, Entry::Place place) {
  if (IntrusiveList<Entry>* list = list_of(entry.place)) list->remove(entry);
  entry.place = place;
  entry.bytes = memory_of(entry);
  if (IntrusiveList<Entry>* list = list_of(place)) list->push_back(entry);
}

Entry& GroupStore::add(std::string_view id, std::uint64_t hash) {
  std::unique_ptr<Entry> entry;
  if (spares_.empty()) {
    entry = std::make_unique<Entry>();
  } else {
    entry = std::move(spares_.back());
    spares_.pop_back();
  }
  entry->id = id;
  entry->hash = hash;
  entries_.insert(*entry);
  return *entry.release();
}

Result<Entry*> GroupStore::find(std::string_view id) {
  const std::uint64_t hash = fingerprint(id);
  if (Entry* known = entries_.find(id, hash)) {
    if (known->place == Entry::Place::Clean) {  // the last to be evicted now
      clean_.remove(*known);
      clean_.push_back(*known);
    }
    return known;
  }
  Entry& entry = add(id, hash);
  if (const auto marker = markers_.find(id, hash)) {
    entry.kind = Entry::Kind::Resolved;
    entry.marker = *marker;
    place(entry, Entry::Place::Spent);
    return &entry;
  }
  if (Status status = load(entry); !status.ok()) {
    drop(entry);
    return status;
  }
  // Unknown ones are listed, too, or a caller that only looked would leave them for ever.
  place(entry, entry.kind == Entry::Kind::Resolved ? Entry::Place::Remembered : Entry::Place::Clean);
  return &entry;
}

Status GroupStore::load(Entry& entry) {
  head_key(entry.id, key_);
  const Result<bool> found = store_.get(key_, value_);
  if (!found.ok()) return found.status();
  if (!found.value()) return {};
  entry.stored = true;
  HeadKind kind{};
  if (!decode_head_kind(value_, kind)) return damaged("head", entry.id);
  bool fine = false;
  switch (kind) {
    case HeadKind::Group:
      entry.kind = Entry::Kind::Open;
      entry.group = std::make_unique<Group>();
      fine = decode_group(value_, *entry.group);
      entry.stored_timer = entry.group->deadline;
      break;
    case HeadKind::Waiting:
      entry.kind = Entry::Kind::Waiting;
      fine = decode_waiting(value_, entry.waiting);
      break;
    case HeadKind::Resolved:
      entry.kind = Entry::Kind::Resolved;
      fine = decode_marker(value_, entry.marker);
      entry.stored_timer = entry.marker.expires;
      break;
  }
  return fine ? Status{} : damaged("head", entry.id);
}

void GroupStore::hold_timer(Entry& entry) {
  const Timestamp deadline = entry.kind == Entry::Kind::Open ? entry.group->deadline : entry.marker.expires;
  if (entry.held_timer) {
    if (entry.held_timer->first == deadline) return;
    held_.erase(*entry.held_timer);
    entry.held_timer.reset();
  }
  if (entry.stored_timer == deadline) return;
  entry.held_timer = {deadline, timers_held_++};
  held_.emplace(*entry.held_timer, &entry);
}

void GroupStore::drop_timers(Entry& entry) {
  if (entry.held_timer) held_.erase(*entry.held_timer);
  entry.held_timer.reset();
  if (!entry.stored_timer) return;
  const bool open = entry.kind == Entry::Kind::Open;
  timers_.remove(*entry.stored_timer, open ? TimerKind::Deadline : TimerKind::Marker, entry.id, 0);
  entry.stored_timer.reset();
}

void GroupStore::drop_stored_timer(Entry& entry, const Timer& timer) {
  timers_.remove(timer.deadline, timer.kind, timer.id, timer.number);
  if (entry.stored_timer == timer.deadline) entry.stored_timer.reset();
}

void GroupStore::open(Entry& entry, Group&& group) {
  if (entry.kind == Entry::Kind::Resolved) markers_.forget(entry.id, entry.hash);
  drop_timers(entry);
  entry.kind = Entry::Kind::Open;
  entry.group = std::make_unique<Group>(std::move(group));
  ++totals_.open_groups;
  touch(entry);
}

void GroupStore::touch(Entry& entry) {
  place(entry, Entry::Place::Dirty);
  if (entry.kind != Entry::Kind::Waiting) hold_timer(entry);
}

Status GroupStore::close(Entry& entry, const Marker& marker) {
  drop_timers(entry);
  if (entry.kind == Entry::Kind::Open) {
    --totals_.open_groups;
    if (entry.group->layout == Layout::Spread) {
      envelope_key(entry.id, key_);
      store_.erase(key_);
      std::vector<std::string> keys;
      entities_of(entry.id, key_, until_);
      EBC_TRY(store_.scan(key_, until_, [&](std::string_view key, std::string_view) {
        keys.emplace_back(key);
        return true;
      }));
      for (const std::string& key : keys) store_.erase(key);
    }
    entry.group.reset();
  }
  entry.kind = Entry::Kind::Resolved;
  entry.marker = marker;
  if (options_.ignore_reuse) {
    touch(entry);
    return {};
  }
  if (entry.stored) {
    head_key(entry.id, key_);
    store_.erase(key_);
    entry.stored = false;
  }
  markers_.remember(entry.id, entry.hash, marker);
  place(entry, Entry::Place::Spent);
  return {};
}

void GroupStore::forget(Entry& entry) {
  if (entry.kind == Entry::Kind::Resolved) markers_.forget(entry.id, entry.hash);
  drop_timers(entry);
  if (entry.stored) {
    head_key(entry.id, key_);
    store_.erase(key_);
    entry.stored = false;
  }
  entry.kind = Entry::Kind::Unknown;
  entry.waiting = {};
  place(entry, Entry::Place::Clean);
}

Result<EntityState> GroupStore::entity(Entry& entry, std::string_view id, std::string& value) {
  Group& group = *entry.group;
  if (group.layout == Layout::Compact) {
    const auto at = entity_at(group.entities, id);
    if (at == group.entities.end() || at->id != id) return EntityState::Unexpected;
    if (at->state != EntityState::Awaited) value = at->value;
    return at->state;
  }
  entity_key(entry.id, id, key_);
  const Result<bool> found = store_.get(key_, value_);
  if (!found.ok()) return found.status();
  if (!found.value()) return EntityState::Unexpected;
  EntityState state{};
  Json settled;
  if (!decode_entity(value_, state, settled)) return damaged("entity", entry.id);
  value = settled;
  return state;
}

Status GroupStore::add_entities(Entry& entry, const std::vector<std::string_view>& ids) {
  Group& group = *entry.group;
  std::size_t bytes = bytes_of(group.envelope);
  for (const std::string_view id : ids) bytes += id.size();
  if (ids.size() > kCompactEntities || bytes > kCompactBytes) EBC_TRY(spread(entry));
  if (group.layout == Layout::Compact) {
    group.entities.reserve(ids.size());
    for (const std::string_view id : ids) group.entities.push_back({std::string(id), EntityState::Awaited, {}});
  } else {
    encode_entity(EntityState::Awaited, {}, value_);
    for (const std::string_view id : ids) {
      entity_key(entry.id, id, key_);
      store_.put_new(key_, value_);
    }
  }
  group.counts.expected += ids.size();
  touch(entry);
  return {};
}

Status GroupStore::add_entity(Entry& entry, std::string_view id) {
  Group& group = *entry.group;
  if (group.layout == Layout::Compact &&
      (group.entities.size() >= kCompactEntities || bytes_of(group) + id.size() > kCompactBytes)) {
    EBC_TRY(spread(entry));
  }
  if (group.layout == Layout::Compact) {
    group.entities.insert(entity_at(group.entities, id), {std::string(id), EntityState::Awaited, {}});
  } else {
    entity_key(entry.id, id, key_);
    encode_entity(EntityState::Awaited, {}, value_);
    store_.put_new(key_, value_);
  }
  expect(group);
  touch(entry);
  return {};
}

Status GroupStore::set_entity(Entry& entry, std::string_view id, EntityState state, Json value) {
  Group& group = *entry.group;
  if (group.layout == Layout::Compact && bytes_of(group) + value.size() > kCompactBytes) EBC_TRY(spread(entry));
  if (group.layout == Layout::Compact) {
    const auto at = entity_at(group.entities, id);
    at->state = state;
    at->value = value;
  } else {
    entity_key(entry.id, id, key_);
    encode_entity(state, value, value_);
    store_.put(key_, value_);
  }
  touch(entry);
  return {};
}

/// From one row to many. None of the new rows can be in the committed state: a group that ends takes its rows with it.
Status GroupStore::spread(Entry& entry) {
  Group& group = *entry.group;
  if (group.layout == Layout::Spread) return {};
  envelope_key(entry.id, key_);
  encode_envelope(group.envelope, value_);
  store_.put_new(key_, value_);
  for (const Entity& entity : group.entities) {
    entity_key(entry.id, entity.id, key_);
    encode_entity(entity.state, entity.value, value_);
    store_.put_new(key_, value_);
  }
  group.layout = Layout::Spread;
  group.envelope = {};
  group.entities.clear();
  group.entities.shrink_to_fit();
  return {};
}

Status GroupStore::visit_entities(const Entry& entry, const EntityVisitor& visit) {
  const Group& group = *entry.group;
  if (group.layout == Layout::Compact) {
    for (const Entity& entity : group.entities) visit(entity.id, entity.state, entity.value);
    return {};
  }
  bool fine = true;
  const std::size_t prefix = row_prefix_size(entry.id);
  entities_of(entry.id, key_, until_);
  EBC_TRY(store_.scan(key_, until_, [&](std::string_view key, std::string_view value) {
    EntityState state{};
    Json settled;
    fine = decode_entity(value, state, settled);
    if (fine) visit(key.substr(prefix), state, settled);
    return fine;
  }));
  return fine ? Status{} : damaged("entity", entry.id);
}

Result<const Envelope*> GroupStore::envelope(const Entry& entry) {
  if (entry.group->layout == Layout::Compact) return &entry.group->envelope;
  envelope_key(entry.id, key_);
  const Result<bool> found = store_.get(key_, value_);
  if (!found.ok()) return found.status();
  if (!found.value() || !decode_envelope(value_, envelope_)) return damaged("envelope", entry.id);
  return &envelope_;
}

void GroupStore::write(Entry& entry) {
  switch (entry.kind) {
    case Entry::Kind::Unknown:
      return;
    case Entry::Kind::Open:
      encode_group(*entry.group, value_);
      break;
    case Entry::Kind::Waiting:
      encode_waiting(entry.waiting, value_);
      break;
    case Entry::Kind::Resolved:
      encode_marker(entry.marker, value_);
      break;
  }
  head_key(entry.id, key_);
  if (entry.stored) {
    store_.put(key_, value_);
  } else {
    store_.put_new(key_, value_);
  }
  entry.stored = true;
  if (!entry.held_timer) return;
  const TimerKind kind = entry.kind == Entry::Kind::Open ? TimerKind::Deadline : TimerKind::Marker;
  if (entry.stored_timer) timers_.remove(*entry.stored_timer, kind, entry.id, 0);
  timers_.add(entry.held_timer->first, kind, entry.id, 0);
  entry.stored_timer = entry.held_timer->first;
  held_.erase(*entry.held_timer);
  entry.held_timer.reset();
}

void GroupStore::flush() {
  while (!dirty_.empty()) {
    Entry& entry = *dirty_.front();
    write(entry);
    place(entry, entry.kind == Entry::Kind::Resolved ? Entry::Place::Remembered : Entry::Place::Clean);
  }
  if (totals_ == totals_written_) return;
  totals_key(key_);
  encode_totals(totals_, value_);
  store_.put(key_, value_);
  totals_written_ = totals_;
}

void GroupStore::drop(Entry& entry) {
  place(entry, Entry::Place::Loose);
  entries_.erase(entry);
  std::unique_ptr<Entry> owned(&entry);
  if (spares_.size() >= kSpares) return;
  std::string id = std::move(entry.id);  // for its memory
  entry = {};
  entry.id = std::move(id);
  spares_.push_back(std::move(owned));
}

void GroupStore::trim(Timestamp clock) {
  const std::size_t homes = std::max<std::size_t>(1, sharing_.homes);
  while (!spent_.empty()) drop(*spent_.front());
  while (!clean_.empty() && clean_.bytes() > options_.cache_bytes / homes) drop(*clean_.front());
  markers_.trim(clock, options_.marker_bytes / homes);
  // All markers live equally long, so the oldest ends first.
  while (!remembered_.empty() &&
         (remembered_.bytes() > options_.marker_bytes / homes || remembered_.front()->marker.expires < clock)) {
    drop(*remembered_.front());
  }
}

}  // namespace ebc::group
