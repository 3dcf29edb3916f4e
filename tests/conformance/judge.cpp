#include "tests/conformance/judge.h"

#include <algorithm>
#include <exception>

#include "processor/group/rfc3339.h"
#include "tests/conformance/json_view.h"

namespace ebc::conformance {
namespace {

std::string time_text(std::int64_t ms) {
  std::string text = "\"";
  group::append_rfc3339(timestamp_from_ms(ms), text);
  return text + "\"";
}

/// Values are compared as bytes, strings that the collector writes itself by what they mean.
bool same_value(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const JsonView left{a}, right{b};
  return left.is_string() && right.is_string() && left.string() == right.string();
}

/// Of results and errors: the names by their meaning and in the order of their bytes, the values as bytes.
bool same_members(std::string_view a, std::string_view b) {
  const auto left = JsonView{a}.members();
  const auto right = JsonView{b}.members();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.text() == other.second.text();
  });
}

bool same_strings(std::string_view a, std::string_view b) {
  const auto left = JsonView{a}.elements();
  const auto right = JsonView{b}.elements();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const JsonView& one, const JsonView& other) { return one.string() == other.string(); });
}

bool same_field(const std::string& name, std::string_view a, std::string_view b) {
  if (name == "payload" || name == "labels" || name == "sender" || name == "description") return a == b;
  if (name == "results" || name == "errors") return same_members(a, b);
  if (name == "missing") return same_strings(a, b);
  return same_value(a, b);
}

bool same_headers(CaseHeaders a, CaseHeaders b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

class Judge {
 public:
  Judge(const Case& expected, const Played& played) : expected_(expected), played_(played) {}

  std::vector<std::string> run() {
    outcomes();
    dead_letters();
    messages();
    return std::move(found_);
  }

 private:
  void say(std::string text) { found_.push_back(std::move(text)); }

  static std::string id_of(const Seen& seen) { return seen.key.value_or("(no key)"); }

  /// Those of one group in their order; of different groups in any.
  void outcomes() {
    std::map<std::string, std::vector<const ExpectedOutcome*>> wanted;
    for (const ExpectedOutcome& outcome : expected_.outcomes) wanted[outcome.key].push_back(&outcome);
    std::map<std::string, std::vector<const Seen*>> seen;
    for (const Seen& outcome : played_.outcomes) seen[id_of(outcome)].push_back(&outcome);
    for (const auto& [id, list] : wanted) {
      const auto& there = seen[id];
      for (std::size_t i = 0; i < std::max(list.size(), there.size()); ++i) {
        if (i >= there.size()) {
          say("no outcome of " + id);
        } else if (i >= list.size()) {
          say("one outcome too many: " + there[i]->value.value_or("(null)"));
        } else {
          outcome(*list[i], *there[i]);
        }
      }
      seen.erase(id);
    }
    for (const auto& [id, list] : seen) {
      for (const Seen* one : list) say("an unexpected outcome: " + one->value.value_or("(null)"));
    }
  }

  void outcome(const ExpectedOutcome& wanted, const Seen& seen) {
    const std::string text = seen.value.value_or("");
    std::map<std::string, std::string> fields;
    try {
      for (const auto& [name, value] : JsonView{text}.members()) fields[name] = value.text();
    } catch (const std::exception&) {
      return say("no JSON: " + seen.value.value_or("(null)"));
    }
    const auto expect = [&](const std::string& name, const std::string& value) {
      if (!fields.contains(name)) return say(wanted.key + ": no field " + name);
      if (!same_field(name, fields[name], value)) {
        say(wanted.key + ": " + name + " is " + fields[name].substr(0, 300) + ", not " + value.substr(0, 300));
      }
    };
    for (const auto& [name, value] : wanted.fields) expect(name, value);
    for (const char* name : {"entity", "error", "cause", "errors", "missing", "missingCount", "labels", "sender",
                             "description", "payloadDropped"}) {
      if (fields.contains(name) && !wanted.fields.contains(name)) {
        say(wanted.key + ": a field " + name + " that isn't expected: " + fields[name].substr(0, 300));
      }
    }
    const SentStep& create = played_.sent.at(wanted.create);
    expect("origin",
           "\"" + create.topic + "/" + std::to_string(create.partition) + "/" + std::to_string(create.offset) + "\"");
    for (const char* name : {"created", "resolved"}) {
      if (!fields.contains(name)) say(wanted.key + ": no field " + name);
    }
    if (played_.exact_times) {
      if (!wanted.any_created)
        expect("created", time_text(wanted.created_ms ? played_.start_ms + *wanted.created_ms : create.timestamp_ms));
      if (wanted.resolved_ms) expect("resolved", time_text(played_.start_ms + *wanted.resolved_ms));
    }
    if (!same_headers(seen.headers, wanted.headers)) say(wanted.key + ": other headers than expected");
  }

  void dead_letters() {
    std::vector<const Seen*> left;
    for (const Seen& letter : played_.dead_letters) left.push_back(&letter);
    for (const ExpectedDeadLetter& wanted : expected_.dead_letters) {
      const SentStep& sent = played_.sent.at(wanted.step);
      const auto found = std::find_if(left.begin(), left.end(), [&](const Seen* letter) {
        return letter->header("dlq.reason") == wanted.reason &&
               letter->header("dlq.partition") == std::to_string(sent.partition) &&
               letter->header("dlq.offset") == std::to_string(sent.offset);
      });
      if (found == left.end()) {
        say("no dead letter " + wanted.reason + " of step " + std::to_string(wanted.step));
        continue;
      }
      dead_letter(wanted, sent, **found);
      left.erase(found);
    }
    for (const Seen* letter : left) {
      say("an unexpected dead letter " + letter->header("dlq.reason") + ": " +
          letter->value.value_or("(null)").substr(0, 300) + " (" + letter->header("dlq.detail") + ")");
    }
  }

  void dead_letter(const ExpectedDeadLetter& wanted, const SentStep& sent, const Seen& seen) {
    const std::string name = "dead letter " + wanted.reason + " of step " + std::to_string(wanted.step);
    const bool handlers = wanted.reason == "handler-refused";
    if (seen.key != (handlers ? wanted.key : sent.key)) say(name + ": another key");
    if (wanted.value) {
      if (seen.value != wanted.value) say(name + ": another value: " + seen.value.value_or("(null)"));
    } else if (!handlers && seen.value != sent.value) {
      say(name + ": another value: " + seen.value.value_or("(null)").substr(0, 300));
    }
    CaseHeaders original;
    for (const auto& header : seen.headers) {
      if (!header.first.starts_with("dlq.")) original.push_back(header);
    }
    if (!handlers && !same_headers(original, sent.headers)) say(name + ": other headers than the record's");
    if (seen.header("dlq.topic") != sent.topic) say(name + ": another dlq.topic");
    if (seen.header("dlq.timestamp") != std::to_string(sent.timestamp_ms)) say(name + ": another dlq.timestamp");
    const std::string detail = seen.header("dlq.detail");
    if (detail.empty() || detail.find(wanted.detail) == detail.npos) say(name + ": dlq.detail says: " + detail);
  }

  void messages() {
    auto left = played_.messages;
    for (const ExpectedMessage& wanted : expected_.messages) {
      auto& there = left[wanted.topic];
      const std::string value = wanted.value ? *wanted.value : outcome_text(wanted.outcome);
      const auto found = std::find_if(there.begin(), there.end(),
                                      [&](const Seen& seen) { return seen.key == wanted.key && seen.value == value; });
      if (found == there.end()) {
        say("no message to " + wanted.topic + ": " + value);
      } else {
        there.erase(found);
      }
    }
    for (const auto& [topic, list] : left) {
      for (const Seen& seen : list) say("an unexpected message to " + topic + ": " + seen.value.value_or("(null)"));
    }
  }

  /// The outcome that was seen for the expected one with this index, as it was written.
  std::string outcome_text(std::size_t index) const {
    for (const Seen& seen : played_.outcomes) {
      if (seen.key == expected_.outcomes.at(index).key) return seen.value.value_or("(null)");
    }
    return "(no outcome)";
  }

  const Case& expected_;
  const Played& played_;
  std::vector<std::string> found_;
};

}  // namespace

std::string Seen::header(const std::string& name) const {
  for (const auto& header : headers) {
    if (header.first == name) return header.second;
  }
  return {};
}

std::vector<std::string> differences(const Case& expected, const Played& played) {
  return Judge(expected, played).run();
}

}  // namespace ebc::conformance
