#include "processor/group/group_actions.h"

#include <fmt/format.h>

#include <algorithm>

namespace ebc::group {

Marker GroupActions::marker_of(const Origin& origin, Timestamp resolved) const {
  return {origin.timestamp, origin.fingerprint,
          std::max(resolved, parts_.context.clock()) + parts_.options.resolved_retention};
}

void GroupActions::late(const Record& record) {
  parts_.stats.count(Counter::Late);
  if (parts_.options.late_to_dead_letters) parts_.outbox.dead_letter(record, Reason::Late, "the group has its outcome");
}

void GroupActions::late(const StoredEvent& event) {
  std::vector<Header> headers;
  late(record_of(event, headers));
}

Status GroupActions::act(Entry& entry, const Event& event, const Record& record, Timestamp time) {
  switch (event.kind) {
    case CommandKind::Create:
      break;  // the collector's to decide: it opens groups
    case CommandKind::EntityDone:
      return done(entry, event.done, record, time);
    case CommandKind::Update:
      return update(entry, event.update, record, time);
    case CommandKind::Cancel: {
      const Json reason = event.cancel.reason.empty() ? Json{R"("Cancelled")"} : event.cancel.reason;
      return resolve(entry, {Cause::Cancelled, {}, reason, time});
    }
  }
  return {};
}

Status GroupActions::create(Entry& entry, const Event& event, const Record& record, Timestamp time) {
  std::unique_ptr<Group> group = parts_.groups.spare_group();
  open_group(*group, entry.id, event.create, record, time, parts_.options);
  if (group->outcome_bytes > parts_.options.max_outcome_bytes) {
    return refuse_create(entry, event, record, time,
                         fmt::format("what is handed on is larger than {} bytes", parts_.options.max_outcome_bytes));
  }
  ids_.assign(event.create.expected.begin(), event.create.expected.end());
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());

  parts_.stats.count(Counter::Opened);
  parts_.groups.open(entry, std::move(group));
  EBC_TRY(parts_.groups.add_entities(entry, ids_));
  if (const auto end = resolution(*entry.group, nullptr, time, parts_.options, text_)) return resolve(entry, *end);
  return {};
}

Status GroupActions::refuse_create(Entry& entry, const Event& event, const Record& record, Timestamp time,
                                   std::string_view why) {
  error_.clear();
  append_quoted(fmt::format("Invalid Create: {}", why), error_);
  Group group;
  open_group(group, entry.id, event.create, record, time, parts_.options);
  // Of a Create that can't be trusted only the payload and the way back are used.
  group.envelope.labels.clear();
  group.envelope.sender.clear();
  group.envelope.description.clear();
  group.envelope.on_success = group.envelope.on_failure = {};

  const EntityLists nothing;
  parts_.stats.count(Counter::Opened);
  parts_.outbox.outcome({.id = entry.id,
                         .resolution = {Cause::Invalid, {}, error_, time},
                         .created = time,
                         .origin = group.origin,
                         .envelope = group.envelope,
                         .lists = nothing});
  parts_.outbox.dead_letter(record, Reason::InvalidCreate, why);
  return parts_.groups.close(entry, marker_of(group.origin, time));
}

Status GroupActions::time_out(Entry& entry) {
  const Resolution end = timeout(*entry.group, text_);
  parts_.stats.timed_out(parts_.context.now() - entry.group->deadline);
  return resolve(entry, end);
}

Status GroupActions::done(Entry& entry, const EntityDone& done, const Record& record, Timestamp time) {
  const Result<EntityState> state = parts_.groups.entity(entry, done.entity, settled_);
  if (!state.ok()) return state.status();
  switch (judge(*entry.group, state.value(), settled_, done)) {
    case DoneVerdict::Settles:
      return settle_one(entry, done, time);
    case DoneVerdict::Repeats:
      parts_.stats.count(Counter::Repeats);
      return {};
    case DoneVerdict::Differs:
      parts_.outbox.dead_letter(record, Reason::AlreadySettled, "the entity has another result or error");
      return {};
    case DoneVerdict::Park:
      return park(entry, done, record, time);
    case DoneVerdict::Fails:
      return resolve(entry, {Cause::Error, done.entity, done.error, time});
    case DoneVerdict::Unwelcome:
      parts_.outbox.dead_letter(record, Reason::UnexpectedEntity, "the group doesn't expect this entity");
      return {};
  }
  return {};
}

Status GroupActions::settle_one(Entry& entry, const EntityDone& done, Timestamp time) {
  parts_.stats.count(Counter::Done);
  settle(*entry.group, done);
  const Duration after = std::max(time - entry.group->created, Duration{0});  // an early one settles with the Create
  EBC_TRY(
      parts_.groups.settle_found(entry, done.failed() ? EntityState::Error : EntityState::Result, done.value(), after));
  if (const auto end = resolution(*entry.group, &done, time, parts_.options, text_)) return resolve(entry, *end);
  return {};
}

Status GroupActions::park(Entry& entry, const EntityDone& done, const Record& record, Timestamp time) {
  const auto before = parts_.kept.parked(entry, done.entity);
  if (!before.ok()) return before.status();
  if (const std::optional<StoredEvent>& first = before.value()) {
    if (!parse_parked(*first)) {
      parts_.kept.unpark(entry, done.entity);
      parts_.kept.park(entry, done.entity, record, time);
      return {};
    }
    const EntityDone& kept = parked_parser_.event().done;
    if (kept.failed() == done.failed() && kept.value() == done.value()) {
      parts_.stats.count(Counter::Repeats);
    } else {
      parts_.outbox.dead_letter(record, Reason::AlreadySettled, "the entity has another result or error");
    }
    return {};
  }
  if (entry.group->parked >= parts_.options.max_waiting_events) {
    parts_.outbox.dead_letter(
        record, Reason::UnexpectedEntity,
        fmt::format("the group keeps {} such events until its seal already", entry.group->parked));
    return {};
  }
  parts_.kept.park(entry, done.entity, record, time);
  return {};
}

Status GroupActions::update(Entry& entry, const Update& update, const Record& record, Timestamp time) {
  bool refused = false;
  EBC_TRY(add(entry, update, record, time, refused));
  if (refused || entry.kind != Entry::Kind::Open) return {};
  Group& group = *entry.group;
  if (update.ttl) {
    prolong(group, *update.ttl, time, parts_.options);
    parts_.groups.touch(entry);
  }
  if (update.seal && !group.sealed) EBC_TRY(seal(entry, time));
  return {};
}

/// `refused`: the event was dead-lettered, nothing of it may count.
Status GroupActions::add(Entry& entry, const Update& update, const Record& record, Timestamp time, bool& refused) {
  ids_.assign(update.add.begin(), update.add.end());
  std::sort(ids_.begin(), ids_.end());
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
  Status status;
  const auto known = [&](std::string_view id) {
    const Result<EntityState> state = parts_.groups.entity(entry, id, settled_);
    if (!state.ok()) status = state.status();
    return !state.ok() || state.value() != EntityState::Unexpected;
  };
  ids_.erase(std::remove_if(ids_.begin(), ids_.end(), known), ids_.end());
  EBC_TRY(std::move(status));
  if (ids_.empty()) {
    if (!update.add.empty()) parts_.stats.count(Counter::Repeats);
    return {};
  }
  Group& group = *entry.group;
  if (group.sealed || group.counts.expected + ids_.size() > parts_.options.max_entities) {
    refused = true;
    if (group.sealed) {
      parts_.outbox.dead_letter(record, Reason::Sealed, "the group is sealed; no entity can be added");
    } else {
      parts_.outbox.dead_letter(record, Reason::InvalidUpdate,
                                fmt::format("the group would have more than {} entities", parts_.options.max_entities));
    }
    return {};
  }
  for (const std::string_view id : ids_) EBC_TRY(parts_.groups.add_entity(entry, id));
  // What was parked for them counts now; any of it may end the group.
  for (std::size_t i = 0; i < ids_.size() && entry.kind == Entry::Kind::Open; ++i) {
    const auto event = parts_.kept.parked(entry, ids_[i]);
    if (!event.ok()) return event.status();
    if (!event.value()) continue;
    parts_.kept.unpark(entry, ids_[i]);
    if (!parse_parked(*event.value())) continue;
    EBC_TRY(parts_.groups.entity(entry, ids_[i], settled_).status());
    EBC_TRY(settle_one(entry, parked_parser_.event().done, time));
  }
  return {};
}

Status GroupActions::seal(Entry& entry, Timestamp time) {
  entry.group->sealed = true;
  parts_.groups.touch(entry);
  std::vector<StoredEvent> parked;
  std::string place;
  do {
    EBC_TRY(parts_.kept.take_parked(entry, place, parked));
    for (const StoredEvent& event : parked) {
      if (entry.kind == Entry::Kind::Open) {
        EBC_TRY(judge_parked(entry, event, time));
      } else {
        late(event);
      }
    }
  } while (!parked.empty() && entry.kind == Entry::Kind::Open);
  if (entry.kind != Entry::Kind::Open) return {};
  if (const auto end = resolution(*entry.group, nullptr, time, parts_.options, text_)) return resolve(entry, *end);
  return {};
}

/// False: this version can't read what another one kept. It is dead-lettered, as if it came now.
bool GroupActions::parse_parked(const StoredEvent& event) {
  if (parked_parser_.parse(event.value ? std::string_view{*event.value} : std::string_view{}) == Finding::Command &&
      parked_parser_.event().kind == CommandKind::EntityDone) {
    return true;
  }
  parts_.outbox.dead_letter(event, Reason::InvalidDone, "the kept event can't be read any more");
  return false;
}

/// Its entity was not added in time.
Status GroupActions::judge_parked(Entry& entry, const StoredEvent& event, Timestamp time) {
  if (!parse_parked(event)) return {};
  std::vector<Header> headers;
  return done(entry, parked_parser_.event().done, record_of(event, headers), time);
}

Status GroupActions::resolve(Entry& entry, const Resolution& end) {
  const Group& group = *entry.group;
  const bool bare = end.cause == Cause::TooLarge;
  EntityLists& lists = lists_;
  lists.reset(end.cause == Cause::Timeout ? parts_.options.max_missing : 0);
  if (!bare) {
    EBC_TRY(parts_.groups.visit_entities(
        entry, [&lists](std::string_view id, EntityState state, Json value) { lists.add(id, state, value); }));
  }
  const Result<const Envelope*> envelope = parts_.groups.envelope(entry);
  if (!envelope.ok()) return envelope.status();
  parts_.outbox.outcome({.id = entry.id,
                         .resolution = end,
                         .created = group.created,
                         .origin = group.origin,
                         .envelope = *envelope.value(),
                         .lists = lists,
                         .with_errors = !group.policy.is_all()});

  std::vector<StoredEvent> parked;
  std::string place;
  do {
    EBC_TRY(parts_.kept.take_parked(entry, place, parked));
    for (const StoredEvent& event : parked) late(event);
  } while (!parked.empty());
  return parts_.groups.close(entry, marker_of(group.origin, end.resolved));
}

}  // namespace ebc::group
