#include "tests/broker/outcome_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "tests/broker/outcome.h"

namespace ebc::broker_test {
namespace {

constexpr std::size_t kMaxExamples = 10;  ///< of each sort of fault
/// A Create's time is its record timestamp, raised to its home's clock: later by no more than its way into the log
/// took.
constexpr std::int64_t kCreateOnItsWayMs = 3'000;

std::string json_text(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\\\"") : std::string(1, c);
  return canonical_json(quoted + "\"");
}

class Comparison {
 public:
  Comparison(const PlannedGroup& group, const Outcome& outcome, const ConsumedRecord& record)
      : group_(group), outcome_(outcome), record_(record) {}

  /// What is wrong, in words; empty: nothing.
  std::string faults() {
    if (!outcome_.malformed.empty()) fault(outcome_.malformed);
    expect("key", record_.key.value_or("(none)"), group_.id);
    expect("payload", outcome_.payload, canonical_json(group_.payload));
    compare_kind();
    compare_times();
    return faults_;
  }

 private:
  void fault(const std::string& text) { faults_ += text + "; "; }

  void expect(const std::string& what, const std::string& got, const std::string& wanted) {
    if (got != wanted) fault(fmt::format("{} is {}, not {}", what, got, wanted));
  }

  void compare_kind() {
    // Its events may have come when it was over.
    if (group_.delayed_ms >= group_.ttl_ms && outcome_.cause == "timeout") return compare_timeout();
    if (outcome_.success != (group_.kind == Kind::Success)) {
      return fault(
          fmt::format("is a {} ({} {})", outcome_.success ? "Success" : "Failure", outcome_.cause, outcome_.error));
    }
    switch (group_.kind) {
      case Kind::Success:
        return compare_all_results();
      case Kind::Timeout:
        return compare_timeout();
      case Kind::Error:
        return compare_error();
    }
  }

  void compare_all_results() {
    expect("number of results", fmt::format("{}", outcome_.results.size()), fmt::format("{}", group_.results.size()));
    for (const auto& [entity, result] : group_.results) {
      const auto found = outcome_.results.find(entity);
      expect("result of " + entity, found == outcome_.results.end() ? "(none)" : found->second, canonical_json(result));
    }
  }

  void compare_timeout() {
    if (group_.delayed_ms > 0) {
      compare_some_results();
    } else {
      compare_all_results();
    }
    expect("cause", outcome_.cause, "timeout");
    expect("entity", outcome_.entity, group_.id);
    expect("error", outcome_.error, fmt::format("\"Operation timed out after {} seconds\"", group_.ttl));
    expect("missingCount", fmt::format("{}", outcome_.missing_count),
           fmt::format("{}", group_.expected.size() - outcome_.results.size()));
    for (const auto& id : outcome_.missing) {
      if (outcome_.results.contains(id)) fault(id + " is named as missing");
    }
    if (outcome_.resolved_ms - outcome_.created_ms != group_.ttl_ms) {
      fault(fmt::format("resolved {} ms after created, not {}", outcome_.resolved_ms - outcome_.created_ms,
                        group_.ttl_ms));
    }
    // A host's clock is the same for all processes here, so early is early.
    if (record_.timestamp_ms < outcome_.resolved_ms) {
      fault(fmt::format("{} ms early", outcome_.resolved_ms - record_.timestamp_ms));
    }
  }

  // The error ends the group, so which of the others were settled by then depends on the order in which they were read.
  void compare_error() {
    expect("cause", outcome_.cause, "error");
    expect("entity", outcome_.entity, group_.error_entity);
    expect("error", outcome_.error, json_text(group_.error));
    if (!outcome_.results.contains(group_.error_entity)) fault("the failed entity isn't in the results");
    compare_some_results();
  }

  void compare_some_results() {
    for (const auto& [entity, result] : outcome_.results) {
      const auto planned = group_.results.find(entity);
      if (group_.kind == Kind::Error && entity == group_.error_entity) {
        expect("result of the failed " + entity, result, "null");
      } else if (planned == group_.results.end()) {
        fault("a result of " + entity);
      } else {
        expect("result of " + entity, result, canonical_json(planned->second));
      }
    }
  }

  void compare_times() {
    const auto raised = outcome_.created_ms - group_.created_ms;
    if (raised < 0 || raised > kCreateOnItsWayMs + group_.delayed_ms)
      fault(fmt::format("created {} ms after its Create", raised));
    if (outcome_.resolved_ms < outcome_.created_ms) fault("resolved before created");
  }

  const PlannedGroup& group_;
  const Outcome& outcome_;
  const ConsumedRecord& record_;
  std::string faults_;
};

/// `before`: how many of this sort there were.
void add_example(CheckReport& report, std::size_t before, std::string text) {
  if (before < kMaxExamples) report.examples.push_back(std::move(text));
}

void count_right(CheckReport& report, Kind kind) {
  ++(kind == Kind::Success ? report.successes : kind == Kind::Error ? report.errors : report.timeouts);
}

}  // namespace

std::string CheckReport::summary() const {
  return fmt::format(
      "{} groups: {} Success, {} failed by an error, {} timed out; {} missing, {} duplicate, {} wrong, {} of unknown "
      "groups",
      groups, successes, errors, timeouts, missing, duplicates, wrong, unplanned);
}

std::string CheckReport::text() const {
  auto text = summary();
  for (const auto& example : examples) text += "\n  " + example;
  return text;
}

CheckReport check_outcomes(const std::vector<PlannedGroup>& plan, const std::vector<ConsumedRecord>& seen) {
  CheckReport report;
  report.groups = plan.size();
  struct Seen {
    const PlannedGroup* group = nullptr;
    int outcomes = 0, right = 0;
  };
  std::unordered_map<std::string, Seen> groups;
  for (const auto& group : plan) groups[group.id].group = &group;

  for (const auto& record : seen) {
    const auto outcome = parse_outcome(record.value.value_or(""));
    if (!outcome) continue;
    const auto where = fmt::format("{} at {}/{}", outcome->id, record.partition, record.offset);
    const auto found = groups.find(outcome->id);
    if (found == groups.end()) {
      add_example(report, report.unplanned++, where + ": nobody opened this group");
      continue;
    }
    auto& [group, times, right] = found->second;
    if (group->doubtful) continue;
    if (++times > 1) {
      add_example(report, report.duplicates++,
                  fmt::format("{}: outcome number {} of this group: {}", where, times, *record.value));
    }
    const auto faults = Comparison(*group, *outcome, record).faults();
    if (faults.empty()) {
      if (++right == 1) count_right(report, group->kind);
    } else {
      add_example(report, report.wrong++, fmt::format("{}: {}\n    {}", where, faults, *record.value));
    }
  }
  for (const auto& group : plan) {
    const auto& result = groups[group.id];
    if (group.doubtful) {
      ++report.doubtful;
      continue;
    }
    if (result.right == 0) ++report.unsatisfied;
    if (result.outcomes != 0) continue;
    add_example(report, report.missing++, group.id + ": no outcome");
  }
  return report;
}

Lateness timeout_lateness(const std::vector<ConsumedRecord>& seen) {
  Lateness lateness;
  for (const auto& record : seen) {
    const auto outcome = parse_outcome(record.value.value_or(""));
    if (!outcome || outcome->cause != "timeout") continue;
    lateness.written.push_back(record.timestamp_ms - outcome->resolved_ms);
    lateness.seen.push_back(record.seen_ms - outcome->resolved_ms);
  }
  std::ranges::sort(lateness.written);
  std::ranges::sort(lateness.seen);
  return lateness;
}

std::int64_t quantile(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(static_cast<double>(sorted.size() - 1) * share)];
}

std::size_t ResolvedGroups::count(const std::vector<ConsumedRecord>& records) {
  for (; next_ < records.size(); ++next_) {
    if (const auto outcome = parse_outcome(records[next_].value.value_or(""))) ids_.insert(outcome->id);
  }
  return ids_.size();
}

}  // namespace ebc::broker_test
