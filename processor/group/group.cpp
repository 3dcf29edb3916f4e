#include "processor/group/group.h"

#include <fmt/format.h>

#include <algorithm>

#include "processor/group/hash.h"
#include "processor/group/json_scan.h"

namespace ebc::group {
namespace {

/// Names, times, origin without its topic, counts and separators of any outcome.
constexpr std::size_t kOutcomeFrame = 512;

std::size_t bytes_of(const Create& create, const std::string& ttl) {
  return create.payload.size() + create.labels.size() + create.sender.size() + create.description.size() + ttl.size();
}

/// A failed entity may show thrice: null in `results`, its error in `errors`, and both as the deciding ones.
std::size_t outcome_bytes_of(const EntityDone& done) {
  const std::size_t id = quoted_size(done.entity);
  return done.failed() ? 3 * id + 2 * done.error.size() + 16 : id + done.result.size() + 2;
}

void carry(const Record& record, const CollectorOptions& options, Group& group) {
  for (const Header& header : record.headers) {
    const auto& names = options.carry_headers;
    if (std::find(names.begin(), names.end(), header.name) == names.end()) continue;
    std::optional<std::string> value;
    if (header.value) value.emplace(*header.value);
    group.outcome_bytes += header.name.size() + (value ? value->size() : 0) + 8;
    group.envelope.headers.emplace_back(header.name, std::move(value));
  }
}

void set_ttl(Group& group, Duration span, std::string_view spelled, Timestamp from) {
  if (spelled.empty()) {
    group.ttl = spell_seconds(span);
  } else {
    group.ttl = spelled;
  }
  group.deadline = from + span;
}

}  // namespace

std::string_view cause_name(Cause cause) {
  constexpr std::string_view kNames[kCauses] = {"error", "timeout", "cancelled", "unmet", "invalid", "too-large"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::string spell_seconds(Duration span) {
  return span.count() % 1000 == 0 ? fmt::format("{}", span.count() / 1000)
                                  : fmt::format("{}", static_cast<double>(span.count()) / 1000);
}

Entity* EntityList::find(std::string_view id) {
  Entity* const at = std::lower_bound(begin(), end(), id,
                                      [](const Entity& entity, std::string_view wanted) { return entity.id < wanted; });
  return at != end() && at->id == id ? at : nullptr;
}

Entity& EntityList::append(std::string_view id) {
  if (size_ == items_.size()) items_.emplace_back();
  Entity& entity = items_[size_++];
  entity.id = id;
  entity.state = EntityState::Awaited;
  entity.value.clear();
  entity.apart = false;
  entity.settled = Duration{0};
  return entity;
}

Entity& EntityList::insert(std::string_view id) {
  append(id);
  Entity* const at = std::upper_bound(begin(), end() - 1, id,
                                      [](std::string_view wanted, const Entity& entity) { return wanted < entity.id; });
  std::rotate(at, end() - 1, end());
  return *at;
}

std::size_t compact_bytes(const Group& group) {
  const Envelope& envelope = group.envelope;
  std::size_t bytes = envelope.payload.size() + envelope.labels.size() + envelope.sender.size() +
                      envelope.description.size() + envelope.on_success.payload.size() +
                      envelope.on_failure.payload.size() + envelope.parent_group.size() + envelope.parent_entity.size();
  for (const auto& [name, value] : envelope.headers) bytes += name.size() + (value ? value->size() : 0);
  for (const Entity& entity : group.entities) bytes += entity.id.size() + entity.value.size();
  return bytes;
}

void open_group(Group& group, std::string_view id, const Create& create, const Record& record, Timestamp time,
                const CollectorOptions& options) {
  group.created = time;
  set_ttl(group, create.ttl ? create.ttl->span : options.default_ttl,
          create.ttl ? create.ttl->spelled : std::string_view{}, time);
  group.origin.topic = record.topic;
  group.origin.partition = record.partition;
  group.origin.offset = record.offset;
  group.origin.timestamp = record.timestamp;
  group.origin.fingerprint = fingerprint(record.value.value_or(std::string_view{}));
  group.policy = create.policy;
  group.sealed = create.sealed;
  group.counts = {};
  group.parked = 0;
  group.layout = Layout::Compact;
  group.entities.clear();
  group.buckets.clear();
  group.values_apart = false;
  group.dirty_buckets.clear();
  group.bucket_bytes = group.dirty_bytes = 0;
  group.outcome_bytes = kOutcomeFrame + 2 * quoted_size(id) + quoted_size(record.topic) + bytes_of(create, group.ttl);

  Envelope& envelope = group.envelope;
  envelope.payload = create.payload.empty() ? Json{"null"} : create.payload;
  envelope.labels = create.labels;
  envelope.sender = create.sender;
  envelope.description = create.description;
  envelope.on_success.topic = create.on_success.topic;
  envelope.on_success.payload = create.on_success.payload;
  envelope.on_failure.topic = create.on_failure.topic;
  envelope.on_failure.payload = create.on_failure.payload;
  envelope.parent_group = create.parent.group;
  envelope.parent_entity = create.parent.entity;
  envelope.headers.clear();
  carry(record, options, group);
}

void expect(Group& group) { ++group.counts.expected; }

void prolong(Group& group, const Ttl& ttl, Timestamp from, const CollectorOptions& options) {
  set_ttl(group, std::min(ttl.span, options.max_ttl), ttl.spelled, from);
}

DoneVerdict judge(const Group& group, EntityState state, std::string_view value, const EntityDone& done) {
  switch (state) {
    case EntityState::Awaited:
      return DoneVerdict::Settles;
    case EntityState::Result:
      return !done.failed() && value == done.result ? DoneVerdict::Repeats : DoneVerdict::Differs;
    case EntityState::Error:
      return done.failed() && value == done.error ? DoneVerdict::Repeats : DoneVerdict::Differs;
    case EntityState::Unexpected:
      break;
  }
  if (!group.sealed) return DoneVerdict::Park;
  return done.failed() && group.policy.is_all() ? DoneVerdict::Fails : DoneVerdict::Unwelcome;
}

void settle(Group& group, const EntityDone& done) {
  if (group.counts.settled() == 0) group.counts.first_failed = done.failed();
  ++(done.failed() ? group.counts.failures : group.counts.results);
  group.outcome_bytes += outcome_bytes_of(done);
}

std::optional<Resolution> resolution(const Group& group, const EntityDone* last, Timestamp time,
                                     const CollectorOptions& options, std::string& text) {
  if (group.outcome_bytes > options.max_outcome_bytes) {
    text = fmt::format(R"("The outcome would be larger than {} bytes")", options.max_outcome_bytes);
    return Resolution{Cause::TooLarge, {}, text, time};
  }
  switch (decide(group.policy, group.counts, group.sealed)) {
    case Decision::Open:
      return std::nullopt;
    case Decision::Success:
      return Resolution{std::nullopt, {}, {}, time};
    case Decision::Error:
      if (last != nullptr && last->failed()) return Resolution{Cause::Error, last->entity, last->error, time};
      return std::nullopt;
    case Decision::Unmet:
      text = fmt::format(R"("Policy {} can't be met")", describe(group.policy));
      return Resolution{Cause::Unmet, {}, text, time};
  }
  return std::nullopt;
}

Resolution timeout(const Group& group, std::string& text) {
  text = fmt::format(R"("Operation timed out after {} seconds")", group.ttl);
  return {Cause::Timeout, {}, text, group.deadline};
}

}  // namespace ebc::group
