// Groups as JSON for readers: the counterpart of outcome_json.cpp for what is not decided yet.
#include <fmt/format.h>

#include <algorithm>

#include "processor/group/group_view.h"
#include "processor/group/json_scan.h"
#include "processor/group/rfc3339.h"

namespace ebc::group {
namespace {

void member(std::string_view name, std::string& out) {
  if (out.back() != '{') out.push_back(',');
  out.push_back('"');
  out.append(name).append("\":");
}

void text(std::string_view name, std::string_view value, std::string& out) {
  member(name, out);
  append_quoted(value, out);
}

void number(std::string_view name, std::uint64_t value, std::string& out) {
  member(name, out);
  const fmt::format_int digits(value);
  out.append(digits.data(), digits.size());
}

void time(std::string_view name, Timestamp value, std::string& out) {
  member(name, out);
  out.push_back('"');
  append_rfc3339(value, out);
  out.push_back('"');
}

void flag(std::string_view name, bool value, std::string& out) {
  member(name, out);
  out.append(value ? "true" : "false");
}

void json(std::string_view name, Json value, std::string& out) {
  if (value.empty()) return;
  member(name, out);
  out.append(value);
}

std::string_view name_of(GroupView::Kind kind) {
  switch (kind) {
    case GroupView::Kind::Unknown:
      return "unknown";
    case GroupView::Kind::Waiting:
      return "waiting";
    case GroupView::Kind::Open:
      return "open";
    case GroupView::Kind::Resolved:
      return "resolved";
  }
  return "unknown";
}

template <typename Wanted>
void ids(std::string_view name, const std::vector<Entity>& entities, std::size_t limit, const Wanted& wanted,
         std::string& out) {
  member(name, out);
  out.push_back('[');
  for (const Entity& entity : entities) {
    if (!wanted(entity)) continue;
    if (limit-- == 0) break;
    if (out.back() != '[') out.push_back(',');
    append_quoted(entity.id, out);
  }
  out.push_back(']');
}

template <typename Append>
void each(std::string_view name, const std::vector<Entity>& entities, const Append& append, std::string& out) {
  member(name, out);
  out.push_back('{');
  for (const Entity& entity : entities) append(entity, out);
  out.push_back('}');
}

void open_entity(const Entity& entity, std::string& out) {
  if (out.back() != '{') out.push_back(',');
  append_quoted(entity.id, out);
  out.push_back(':');
}

void head(std::string_view id, const GroupView& view, Partition home, std::string& out) {
  out.clear();
  out.push_back('{');
  text("id", id, out);
  text("state", name_of(view.kind), out);
  number("home", static_cast<std::uint64_t>(home), out);
  if (view.kind != GroupView::Kind::Open) return;
  const Group& group = view.group;
  time("created", group.created, out);
  time("deadline", group.deadline, out);
  member("policy", out);
  append_policy(group.policy, out);
  flag("sealed", group.sealed, out);
  number("expectedCount", group.counts.expected, out);
  number("resultCount", group.counts.results, out);
  number("errorCount", group.counts.failures, out);
  number("missingCount", group.counts.expected - group.counts.settled(), out);
}

/// Defined for a damaged row's times, too.
Timestamp later(Timestamp from, Duration by) {
  return timestamp_from_ms(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(to_ms(from)) + static_cast<std::uint64_t>(by.count())));
}

bool awaited(const Entity& entity) { return entity.state == EntityState::Awaited; }

void lists(const GroupView& view, std::string& out) {
  const auto all = view.shown.size();
  auto by_id = view.shown;
  std::sort(by_id.begin(), by_id.end(), [](const Entity& a, const Entity& b) { return a.id < b.id; });
  ids(
      "expected", by_id, all, [](const Entity&) { return true; }, out);
  ids("missing", view.shown, all, awaited, out);
  each(
      "results", view.shown,
      [](const Entity& entity, std::string& to) {
        if (entity.state != EntityState::Result) return;
        open_entity(entity, to);
        to.append(entity.value);
      },
      out);
  each(
      "errors", view.shown,
      [](const Entity& entity, std::string& to) {
        if (entity.state != EntityState::Error) return;
        open_entity(entity, to);
        to.append(entity.value);
      },
      out);
  each(
      "settled", view.shown,
      [&](const Entity& entity, std::string& to) {
        if (awaited(entity)) return;
        open_entity(entity, to);
        to.push_back('"');
        append_rfc3339(later(view.group.created, entity.settled), to);
        to.push_back('"');
      },
      out);
  flag("complete", view.complete, out);
}

void envelope(const Group& group, std::string& out) {
  const Envelope& given = group.envelope;
  json("labels", given.labels, out);
  json("sender", given.sender, out);
  json("description", given.description, out);
  json("payload", given.payload, out);
  if (!given.parent_group.empty()) {
    member("parent", out);
    out.push_back('{');
    text("group", given.parent_group, out);
    text("entity", given.parent_entity, out);
    out.push_back('}');
  }
  if (!given.on_success.topic.empty() || !given.on_failure.topic.empty()) {
    member("handler", out);
    out.push_back('{');
    if (!given.on_success.topic.empty()) text("onsuccess", given.on_success.topic, out);
    if (!given.on_failure.topic.empty()) text("onfailure", given.on_failure.topic, out);
    out.push_back('}');
  }
  text("origin", fmt::format("{}/{}/{}", group.origin.topic, group.origin.partition, group.origin.offset), out);
}

}  // namespace

void append_policy(const Policy& policy, std::string& out) {
  switch (policy.name) {
    case PolicyName::Quorum:
      out.append(fmt::format(R"({{"quorum":{}}})", policy.limit));
      return;
    case PolicyName::Tolerate:
      out.append(fmt::format(R"({{"tolerate":{}}})", policy.limit));
      return;
    case PolicyName::All:
    case PolicyName::AllSettled:
    case PolicyName::Any:
    case PolicyName::Race:
      out.append("\"").append(describe(policy)).append("\"");
      return;
  }
}

void encode_view(std::string_view id, const GroupView& view, Partition home, Timestamp as_of, std::string& out) {
  head(id, view, home, out);
  time("asOf", as_of, out);
  if (view.kind == GroupView::Kind::Waiting) number("waitingEvents", view.waiting.count, out);
  if (view.kind == GroupView::Kind::Open) {
    json("ttl", view.group.ttl, out);
    number("parkedEvents", view.group.parked, out);
    lists(view, out);
    envelope(view.group, out);
  }
  out.push_back('}');
}

void encode_summary(std::string_view id, const GroupView& view, Partition home, std::string& out) {
  constexpr std::size_t kPreview = 3;
  head(id, view, home, out);
  ids("missing", view.shown, kPreview, awaited, out);
  json("labels", view.group.envelope.labels, out);
  out.push_back('}');
}

}  // namespace ebc::group
