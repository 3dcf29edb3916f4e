#include "app/http/outcome_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/command_json.h"
#include "app/http/json_pick.h"
#include "processor/group/rfc3339.h"

namespace ebc::app {
namespace {

std::string_view state_of(const std::optional<group::Cause>& cause) { return cause ? "failure" : "success"; }

void add(std::string& out, std::string_view name, std::string_view json) {
  if (!json.empty()) out += fmt::format(",\"{}\":{}", name, json);
}

// What both views begin with, without the closing brace.
std::string head(std::string_view id, std::string_view json, const std::optional<group::Cause>& cause,
                 Timestamp resolved, Partition home) {
  std::string time;
  group::append_rfc3339(resolved, time);
  auto out =
      fmt::format(R"({{"id":{},"state":"{}","home":{},"resolved":"{}")", json_string(id), state_of(cause), home, time);
  const auto members = json_members(json);
  if (!members) return out;
  const auto pick = [&](const std::string& name) {
    const auto found = members->find(name);
    if (found != members->end()) add(out, name, found->second);
  };
  for (const auto name : {"created", "cause", "entity", "error", "labels", "missing", "missingCount"}) pick(name);
  return out;
}

// Sorts the latest first, then by id.
std::string key_of(Timestamp resolved, std::string_view id) {
  const auto turned = ~static_cast<std::uint64_t>(to_ms(resolved));
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(turned >> shift & 0xFF);
  return key.append(id);
}

}  // namespace

std::string resolved_view(std::string_view id, const group::RecentOutcomes::Found& outcome, Partition home) {
  auto out = head(id, outcome.json, outcome.cause, outcome.resolved, home);
  add(out, "outcome", outcome.json);
  return out + '}';
}

std::string resolved_summary(const group::RecentOutcome& outcome, Partition home) {
  return head(outcome.id, outcome.json, outcome.cause, outcome.resolved, home) + '}';
}

std::string_view labels_of(std::string_view outcome_json) {
  const auto members = json_members(outcome_json);
  if (!members) return {};
  const auto found = members->find("labels");
  return found == members->end() ? std::string_view{} : found->second;
}

group::Page recent_page(const group::RecentOutcomes& recent, ResolvedKind kind, const group::PageQuery& query,
                        const std::function<Partition(std::string_view)>& home_of) {
  group::Page page;
  std::size_t left = query.rows;
  const auto wanted = [&](const group::RecentOutcome& outcome) {
    if (kind != ResolvedKind::Any && (kind == ResolvedKind::Failure) != outcome.cause.has_value()) return false;
    if (query.created_before && outcome.resolved >= *query.created_before) return false;
    return !query.label || group::has_label(labels_of(outcome.json), query.label->first, query.label->second);
  };
  recent.visit_latest([&](const group::RecentOutcome& outcome) {
    if (left-- == 0) return false;
    auto key = key_of(outcome.resolved, outcome.id);
    if (key <= query.after || !wanted(outcome)) return true;
    page.items.push_back({std::move(key), resolved_summary(outcome, home_of(outcome.id))});
    return true;
  });
  std::sort(page.items.begin(), page.items.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  if (page.items.size() > query.limit) {
    page.items.resize(query.limit);
    page.next = page.items.back().key;
  }
  return page;
}

}  // namespace ebc::app
