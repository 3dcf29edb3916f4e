#include "processor/group/group_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "processor/group/hash.h"

namespace ebc::group {
namespace {

// Kept for their memory, by all homes of a thread.
constexpr std::size_t kSpareEntries = 4'096;
constexpr std::size_t kSpareGroups = 4'096;
constexpr std::size_t kSpareGroupBytes = 4'096;

/// Of a dirty entry only what is to be written: the rest of a spread group may stay for long.
std::size_t memory_of(const Entry& entry, Entry::Place place) {
  std::size_t bytes = sizeof(Entry) + 2 * sizeof(void*) + entry.id.size();
  if (!entry.group) return bytes;
  const Group& group = *entry.group;
  bytes += sizeof(Group) + group.entities.size() * sizeof(Entity) + compact_bytes(group);
  bytes += group.buckets.size() * sizeof(Bucket);
  return bytes + (place == Entry::Place::Dirty ? group.dirty_bytes : group.bucket_bytes);
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
  entry.bytes = memory_of(entry, place);
  if (IntrusiveList<Entry>* list = list_of(place)) list->push_back(entry);
}

Entry& GroupStore::add(std::string_view id, std::uint64_t hash) {
  std::unique_ptr<Entry> entry;
  if (sharing_.entries.empty()) {
    entry = std::make_unique<Entry>();
  } else {
    entry = std::move(sharing_.entries.back());
    sharing_.entries.pop_back();
  }
  entry->id = id;
  entry->hash = hash;
  entries_.insert(*entry);
  return *entry.release();
}

Result<Entry*> GroupStore::find(std::string_view id) {
  const std::uint64_t hash = fingerprint(id);
  if (Entry* known = entries_.find(id, hash)) {
    if (known->place == Entry::Place::Clean) place(*known, Entry::Place::Clean);  // the last to be evicted now
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
  if (!heads_.may_have(entry.hash)) return {};
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
      entry.group = spare_group();
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
    if ((*entry.held_timer)->first == deadline) return;
    held_.erase(*entry.held_timer);
    entry.held_timer.reset();
  }
  if (entry.stored_timer == deadline) return;
  // Nearly always the latest of all: groups come with the same few ttls.
  entry.held_timer = held_.emplace_hint(held_.end(), deadline, &entry);
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

std::unique_ptr<Group> GroupStore::spare_group() {
  if (sharing_.groups.empty()) return std::make_unique<Group>();
  std::unique_ptr<Group> group = std::move(sharing_.groups.back());
  sharing_.groups.pop_back();
  return group;
}

void GroupStore::give_back(std::unique_ptr<Group> group) {
  const bool small = group->layout == Layout::Compact && compact_bytes(*group) <= kSpareGroupBytes;
  if (small && sharing_.groups.size() < kSpareGroups) sharing_.groups.push_back(std::move(group));
}

void GroupStore::open(Entry& entry, std::unique_ptr<Group> group) {
  if (entry.kind == Entry::Kind::Resolved) markers_.forget(entry.id, entry.hash);
  drop_timers(entry);
  entry.kind = Entry::Kind::Open;
  entry.group = std::move(group);
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
    if (entry.group->layout == Layout::Spread) EBC_TRY(erase_spread(entry));
    give_back(std::move(entry.group));
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

void GroupStore::write(Entry& entry) {
  switch (entry.kind) {
    case Entry::Kind::Unknown:
      return;
    case Entry::Kind::Open:
      if (entry.group->layout == Layout::Spread) write_buckets(entry);
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
    heads_.add(entry.hash);
  }
  entry.stored = true;
  if (!entry.held_timer) return;
  const TimerKind kind = entry.kind == Entry::Kind::Open ? TimerKind::Deadline : TimerKind::Marker;
  if (entry.stored_timer) timers_.remove(*entry.stored_timer, kind, entry.id, 0);
  timers_.add((*entry.held_timer)->first, kind, entry.id, 0);
  entry.stored_timer = (*entry.held_timer)->first;
  held_.erase(*entry.held_timer);
  entry.held_timer.reset();
}

Status GroupStore::flush() {
  while (!dirty_.empty()) {
    Entry& entry = *dirty_.front();
    write(entry);
    place(entry, entry.kind == Entry::Kind::Resolved ? Entry::Place::Remembered : Entry::Place::Clean);
  }
  if (totals_ != totals_written_) {
    totals_key(key_);
    encode_totals(totals_, value_);
    store_.put(key_, value_);
    totals_written_ = totals_;
  }
  return heads_.learn(store_, totals_.open_groups);
}

void GroupStore::drop(Entry& entry) {
  place(entry, Entry::Place::Loose);
  entries_.erase(entry);
  std::unique_ptr<Entry> owned(&entry);
  if (entry.group) give_back(std::move(entry.group));
  if (sharing_.entries.size() >= kSpareEntries) return;
  std::string id = std::move(entry.id);  // for its memory
  entry = {};
  entry.id = std::move(id);
  sharing_.entries.push_back(std::move(owned));
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
