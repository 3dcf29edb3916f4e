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
  group.ttl = spelled.empty() ? spell_seconds(span) : std::string(spelled);
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

Origin origin_of(const Record& record) {
  return {std::string(record.topic), record.partition, record.offset, record.timestamp,
          fingerprint(record.value.value_or(std::string_view{}))};
}

Group open_group(std::string_view id, const Create& create, const Record& record, Timestamp time,
                 const CollectorOptions& options) {
  Group group;
  group.created = time;
  set_ttl(group, create.ttl ? create.ttl->span : options.default_ttl,
          create.ttl ? create.ttl->spelled : std::string_view{}, time);
  group.origin = origin_of(record);
  group.policy = create.policy;
  group.sealed = create.sealed;
  group.outcome_bytes = kOutcomeFrame + 2 * quoted_size(id) + quoted_size(record.topic) + bytes_of(create, group.ttl);

  Envelope& envelope = group.envelope;
  envelope.payload = create.payload.empty() ? Json{"null"} : create.payload;
  envelope.labels = create.labels;
  envelope.sender = create.sender;
  envelope.description = create.description;
  envelope.on_success = {std::string(create.on_success.topic), std::string(create.on_success.payload)};
  envelope.on_failure = {std::string(create.on_failure.topic), std::string(create.on_failure.payload)};
  envelope.parent_group = create.parent.group;
  envelope.parent_entity = create.parent.entity;
  carry(record, options, group);
  return group;
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
