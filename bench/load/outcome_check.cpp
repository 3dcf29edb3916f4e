#include "bench/load/outcome_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/load/groups.h"

namespace ebc::bench {

OutcomeCheck::OutcomeCheck(std::string prefix, std::int64_t groups, int entities)
    : prefix_(std::move(prefix)), groups_(groups), entities_(entities), seen_(static_cast<std::size_t>(groups)) {}

void OutcomeCheck::wrong(std::string_view why, std::string_view value) {
  ++counts_.bad;
  constexpr std::size_t kComplaints = 5;
  if (complaints_.size() < kComplaints) complaints_.push_back(fmt::format("{}: {}", why, value.substr(0, 300)));
}

void OutcomeCheck::take(std::string_view value, std::int64_t now_ns) {
  // The commands may lie in the same topic; they are passed over without being parsed.
  const std::string_view head = value.substr(0, 64);
  const bool success = head.find("\"EventGroupCollectorSuccess\"") != head.npos;
  const bool failure = head.find("\"EventGroupCollectorFailure\"") != head.npos;
  if (!success && !failure) {
    ++counts_.others;
    return;
  }
  simdjson::dom::element outcome;
  std::string_view id;
  if (parser_.parse(value.data(), value.size()).get(outcome) != simdjson::SUCCESS ||
      outcome["id"].get(id) != simdjson::SUCCESS) {
    wrong("no JSON object with an id", value);
    return;
  }
  const GroupName name = parse_group(id, prefix_);
  if (name.number < 0) {
    ++counts_.others;
    return;
  }
  if (name.number >= groups_) {
    wrong("a group that was never opened", value);
    return;
  }
  ++counts_.outcomes;
  auto seen = seen_[static_cast<std::size_t>(name.number)];
  if (seen) {
    ++counts_.duplicates;
    return;
  }
  seen = true;
  ++counts_.distinct;
  if (success != (name.kind == 's')) {
    wrong(success ? "a Success that should be a Failure" : "a Failure that should be a Success", value);
    return;
  }
  if (const std::string_view why = fault(outcome, id, name.kind, now_ns); !why.empty()) wrong(why, value);
}

/// What is wrong with it; empty: nothing.
std::string_view OutcomeCheck::fault(simdjson::dom::element outcome, std::string_view id, char kind,
                                     std::int64_t now_ns) {
  simdjson::dom::object results;
  simdjson::dom::element payload;
  std::string_view created;
  if (outcome["results"].get(results) != simdjson::SUCCESS || outcome["payload"].get(payload) != simdjson::SUCCESS ||
      outcome["created"].get(created) != simdjson::SUCCESS) {
    return "a field is missing";
  }
  std::int64_t last = 0;
  int count = 0;
  for (const auto [entity, value] : results) {
    ++count;
    std::int64_t sent = 0;
    if (value["t"].get(sent) == simdjson::SUCCESS) {
      last = std::max(last, sent);
    } else if (kind == 's') {
      return "a result is not what was sent";
    }
  }
  if (kind == 's') {
    if (count != entities_) return "the number of results";
    ++counts_.succeeded;
    latencies_.push_back(now_ns - last);
    return {};
  }
  std::string_view entity;
  std::string_view error;
  if (outcome["entity"].get(entity) != simdjson::SUCCESS || outcome["error"].get(error) != simdjson::SUCCESS) {
    return "a Failure without entity or error";
  }
  if (kind == 'f') {
    ++counts_.failed;
    return entity.starts_with('e') && error.starts_with("simulated") ? "" : "another error than the one sent";
  }
  ++counts_.timed_out;
  return entity == id && error.starts_with("Operation timed out after") ? "" : "not a timeout";
}

double percentile_ms(const std::vector<std::int64_t>& sorted_ns, double percent) {
  if (sorted_ns.empty()) return 0;
  const double rank = std::ceil(percent / 100 * static_cast<double>(sorted_ns.size()));
  const std::size_t index = std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, sorted_ns.size()) - 1;
  return static_cast<double>(sorted_ns[index]) / 1e6;
}

}  // namespace ebc::bench
