#include "processor/group/kept_events.h"

#include "processor/group/bytes.h"

namespace ebc::group {
namespace {

/// How many are taken into memory at once.
constexpr std::size_t kBatch = 128;

StoredEvent stored_event(const Record& record, Timestamp time, Timestamp expires) {
  StoredEvent event;
  event.time = time;
  event.expires = expires;
  event.topic = record.topic;
  event.partition = record.partition;
  event.offset = record.offset;
  event.timestamp = record.timestamp;
  if (record.key) event.key.emplace(*record.key);
  if (record.value) event.value.emplace(*record.value);
  for (const Header& header : record.headers) {
    std::optional<std::string> value;
    if (header.value) value.emplace(*header.value);
    event.headers.emplace_back(header.name, std::move(value));
  }
  return event;
}

Status damaged() { return {Verdict::TaskCorrupted, "a stored event can't be read"}; }

}  // namespace

bool KeptEvents::wait(Entry& entry, const Record& record, Timestamp time) {
  Waiting& waiting = entry.waiting;
  if (waiting.count >= options_.max_waiting_events) return false;
  const Timestamp expires = time + options_.orphan_ttl;
  const std::uint64_t number = waiting.next_number++;
  encode_event(stored_event(record, time, expires), value_);
  waiting_key(entry.id, number, key_);
  store_.put_new(key_, value_);
  timers_.add(expires, TimerKind::WaitingEvent, entry.id, number);
  ++waiting.count;
  ++groups_.totals().waiting_events;
  entry.kind = Entry::Kind::Waiting;
  groups_.touch(entry);
  return true;
}

Status KeptEvents::take(std::string& place, const std::string& until, std::vector<std::string>& keys,
                        std::vector<StoredEvent>& out) {
  out.clear();
  bool fine = true;
  EBC_TRY(store_.scan(place, until, [&](std::string_view key, std::string_view value) {
    keys.emplace_back(key);
    fine = decode_event(value, out.emplace_back());
    return fine && out.size() < kBatch;
  }));
  if (!fine) return damaged();
  for (const std::string& key : keys) store_.erase(key);
  if (!keys.empty()) place.assign(keys.back()).push_back('\0');
  return {};
}

Status KeptEvents::take_waiting(Entry& entry, std::string& place, std::vector<StoredEvent>& out) {
  out.clear();
  if (entry.waiting.count == 0) {
    entry.waiting = {};
    return {};
  }
  std::vector<std::string> keys;
  waiting_of(entry.id, key_, until_);
  if (place.empty()) place = key_;
  EBC_TRY(take(place, until_, keys, out));
  for (std::size_t i = 0; i < out.size(); ++i) {
    ByteReader number{std::string_view{keys[i]}.substr(row_prefix_size(entry.id))};
    timers_.remove(out[i].expires, TimerKind::WaitingEvent, entry.id, number.big_endian64());
  }
  entry.waiting.count =
      out.empty() ? 0 : entry.waiting.count - std::min<std::uint64_t>(entry.waiting.count, out.size());
  groups_.totals().waiting_events -= std::min<std::uint64_t>(groups_.totals().waiting_events, out.size());
  return {};
}

Result<std::optional<StoredEvent>> KeptEvents::get(const std::string& key) {
  const Result<bool> found = store_.get(key, value_);
  if (!found.ok()) return found.status();
  std::optional<StoredEvent> event;
  if (!found.value()) return event;
  if (!decode_event(value_, event.emplace())) return damaged();
  return event;
}

Result<std::optional<StoredEvent>> KeptEvents::expire(const Timer& timer) {
  timers_.remove(timer.deadline, timer.kind, timer.id, timer.number);
  waiting_key(timer.id, timer.number, key_);
  Result<std::optional<StoredEvent>> event = get(key_);
  if (!event.ok() || !event.value()) return event;
  store_.erase(key_);
  --groups_.totals().waiting_events;

  const Result<Entry*> entry = groups_.find(timer.id);
  if (!entry.ok()) return entry.status();
  Entry& group = *entry.value();
  if (group.kind != Entry::Kind::Waiting) return event;
  if (--group.waiting.count == 0) {
    groups_.forget(group);
  } else {
    groups_.touch(group);
  }
  return event;
}

void KeptEvents::park(Entry& entry, std::string_view entity, const Record& record, Timestamp time) {
  encode_event(stored_event(record, time, kNever), value_);
  parked_key(entry.id, entity, key_);
  store_.put_new(key_, value_);
  ++entry.group->parked;
  groups_.touch(entry);
}

Result<std::optional<StoredEvent>> KeptEvents::parked(const Entry& entry, std::string_view entity) {
  if (entry.group->parked == 0) return std::optional<StoredEvent>{};
  parked_key(entry.id, entity, key_);
  return get(key_);
}

void KeptEvents::unpark(Entry& entry, std::string_view entity) {
  parked_key(entry.id, entity, key_);
  store_.erase(key_);
  --entry.group->parked;
  groups_.touch(entry);
}

Status KeptEvents::take_parked(Entry& entry, std::string& place, std::vector<StoredEvent>& out) {
  out.clear();
  Group& group = *entry.group;
  if (group.parked == 0) return {};
  std::vector<std::string> keys;
  parked_of(entry.id, key_, until_);
  if (place.empty()) place = key_;
  EBC_TRY(take(place, until_, keys, out));
  group.parked = out.empty() ? 0 : group.parked - std::min<std::uint64_t>(group.parked, out.size());
  groups_.touch(entry);
  return {};
}

}  // namespace ebc::group
