#include "tests/simulation/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace ebc::simulation {
namespace {

struct State {
  enum class Phase { Unknown, Open, Resolved } phase = Phase::Unknown;
  std::size_t direct = 0, rekeyed = 0;  ///< read so far
  std::vector<const SentEvent*> waiting;
  std::vector<const SentEvent*> settled;  ///< by entity
  const SentEvent* first = nullptr;
  const SentEvent* create = nullptr;
  Timestamp created{}, deadline{};
  std::size_t outcomes = 0;  ///< given so far
};

std::string quoted(std::string_view text) { return fmt::format("\"{}\"", text); }

Timestamp earliest(const SentEvent& event) { return std::min(event.timestamp, event.appended); }
Timestamp latest(const SentEvent& event) { return std::max(event.timestamp, event.appended); }
bool failed(const SentEvent& event) { return event.result.empty(); }

/// What is to be explained at least once; nothing: the merge that counted.
struct Goal {
  const SeenOutcome* outcome = nullptr;
  std::optional<Place> letter = std::nullopt;
  std::string reason = {};
  bool any() const { return outcome != nullptr || letter; }
};

class Judge {
 public:
  Judge(const GroupStory& story, const ModelRules& rules, Goal goal = {})
      : story_(story), rules_(rules), goal_(std::move(goal)) {}

  bool possible() {
    State state;
    state.settled.resize(static_cast<std::size_t>(story_.group->expected));
    return go_on(state);
  }
  const std::string& reason() const { return reason_; }

 private:
  /// Tries everything that may happen next.
  bool go_on(const State& state) {
    if (reached_) return true;
    if (!visited_.insert(key(state)).second) return false;
    const bool direct = state.direct < story_.direct.size(), rekeyed = state.rekeyed < story_.rekeyed.size();
    if (!direct && !rekeyed) return at_the_end(state);
    if (state.phase == State::Phase::Open && clock_may_pass(state, state.deadline) && time_out(state, nullptr)) {
      return true;
    }
    if (direct) {
      State next = state;
      const SentEvent& event = *story_.direct[next.direct++];
      if (read(next, event)) return true;
    }
    if (rekeyed) {
      State next = state;
      const SentEvent& event = *story_.rekeyed[next.rekeyed++];
      if (read(next, event)) return true;
    }
    return false;
  }

  /// Nothing that was in the inputs when the clock stood there is unread.
  bool clock_may_pass(const State& state, Timestamp time) const {
    const auto later = [&](const SentEvent* event) { return event->appended > time; };
    return std::all_of(story_.direct.begin() + static_cast<std::ptrdiff_t>(state.direct), story_.direct.end(), later) &&
           std::all_of(story_.rekeyed.begin() + static_cast<std::ptrdiff_t>(state.rekeyed), story_.rekeyed.end(),
                       later);
  }

  bool at_the_end(const State& state) {
    if (state.phase == State::Phase::Open) return time_out(state, nullptr);
    for (const SentEvent* event : state.waiting) {
      if (!lettered(*event, "no-such-group")) return false;
    }
    if (goal_.any()) return reached_;
    if (rules_.at_least_once || state.outcomes == story_.outcomes.size()) return true;
    return note("more outcomes than the group may have");
  }

  bool read(State& state, const SentEvent& event) {
    switch (state.phase) {
      case State::Phase::Unknown:
        if (event.kind == SentEvent::Kind::Create) return open(state, event);
        state.waiting.push_back(&event);
        return go_on(state);
      case State::Phase::Open:
        if (event.kind == SentEvent::Kind::Create) return false;  // not part of the workload
        return read_open(state, event, std::max(earliest(event), state.created), std::max(latest(event), state.created),
                         nullptr);
      case State::Phase::Resolved:
        return late(event) && go_on(state);
    }
    return false;
  }

  /// `then`: further events that waited for the Create, to be read before anything else.
  using Rest = std::vector<const SentEvent*>;
  bool read_open(const State& state, const SentEvent& event, Timestamp from, Timestamp until, const Rest* then) {
    if (until > state.deadline) {
      State over = state;
      if (time_out(over, &event, then)) return true;
      if (from > state.deadline) return false;
    }
    State next = state;
    return act(next, event, from, until, then);
  }

  bool open(const State& state, const SentEvent& event) {
    if (!letterless(event)) return false;
    if (!rules_.at_least_once) {
      if (state.outcomes >= story_.outcomes.size()) return note("an outcome is missing");
      return open(state, event, story_.outcomes[state.outcomes].created);
    }
    // Which of the outcomes will be its own isn't known yet.
    std::set<Timestamp> times;
    for (const SeenOutcome& outcome : story_.outcomes) times.insert(outcome.created);
    if (times.empty()) return note("an outcome is missing");
    return std::ranges::any_of(times, [&](Timestamp created) { return open(state, event, created); });
  }

  bool open(State state, const SentEvent& event, Timestamp created) {
    if (created < earliest(event) || created > latest(event)) {
      return note(fmt::format("`created` lies outside of {} to {}", to_ms(earliest(event)), to_ms(latest(event))));
    }
    state.phase = State::Phase::Open;
    state.create = &event;
    state.created = created;
    state.deadline = created + story_.group->ttl;
    const Rest waiting = std::exchange(state.waiting, {});
    if (const auto verdict = decide(state))
      return resolve(state, *verdict, nullptr, state.created, state.created, &waiting);
    return read_waiting(state, waiting);
  }

  bool read_waiting(State state, Rest waiting) {
    if (waiting.empty()) return go_on(state);
    const SentEvent& event = *waiting.front();
    waiting.erase(waiting.begin());
    // It may have waited for too long.
    if (state.create->appended > earliest(event) + rules_.orphan_ttl && lettered(event, "no-such-group") &&
        read_waiting(state, waiting)) {
      return true;
    }
    if (state.create->appended > latest(event) + rules_.orphan_ttl && !letterless(event)) return false;
    if (state.phase == State::Phase::Resolved) return late(event) && read_waiting(state, waiting);
    return read_open(state, event, std::max(earliest(event), state.created), std::max(latest(event), state.created),
                     &waiting);
  }

  bool after(const State& state, const Rest* then) {
    return then == nullptr ? go_on(state) : read_waiting(state, *then);
  }

  bool act(State& state, const SentEvent& event, Timestamp from, Timestamp until, const Rest* then) {
    if (event.kind == SentEvent::Kind::Other) return false;
    if (event.kind == SentEvent::Kind::Cancel) {
      return letterless(event) && resolve(state, "cancelled", &event, from, until, then);
    }
    const auto entity = static_cast<std::size_t>(event.entity);
    if (entity >= state.settled.size()) {
      if (failed(event) && story_.group->policy.kind == Policy::Kind::All) {
        return letterless(event) && resolve(state, "error", &event, from, until, then);
      }
      return lettered(event, "unexpected-entity") && after(state, then);
    }
    if (const SentEvent* before = state.settled[entity]) {
      const bool same = before->result == event.result && before->error == event.error;
      return (same ? letterless(event) : lettered(event, "already-settled")) && after(state, then);
    }
    if (!letterless(event)) return false;
    state.settled[entity] = &event;
    if (state.first == nullptr) state.first = &event;
    if (const auto verdict = decide(state)) return resolve(state, *verdict, &event, from, until, then);
    return after(state, then);
  }

  /// "success", or the cause of the failure; none: still open.
  std::optional<std::string> decide(const State& state) const {
    const auto all = static_cast<int>(state.settled.size());
    const auto good = static_cast<int>(std::count_if(state.settled.begin(), state.settled.end(),
                                                     [](const auto* event) { return event && !failed(*event); }));
    const auto bad = static_cast<int>(std::count_if(state.settled.begin(), state.settled.end(),
                                                    [](const auto* event) { return event && failed(*event); }));
    const bool complete = good + bad == all;
    const Policy policy = story_.group->policy;
    switch (policy.kind) {
      case Policy::Kind::All:
        if (bad > 0) return "error";
        break;
      case Policy::Kind::AllSettled:
        break;
      case Policy::Kind::Any:
        if (good > 0) return "success";
        if (complete) return "unmet";
        return std::nullopt;
      case Policy::Kind::Race:
        if (all == 0) return "unmet";
        if (state.first == nullptr) return std::nullopt;
        return failed(*state.first) ? "error" : "success";
      case Policy::Kind::Quorum:
        if (good >= policy.limit) return "success";
        if (all - bad < policy.limit) return "unmet";
        return std::nullopt;
      case Policy::Kind::Tolerate:
        if (bad > policy.limit) return "error";
        break;
    }
    if (complete) return "success";
    return std::nullopt;
  }

  bool time_out(State state, const SentEvent* by, const Rest* then = nullptr) {
    if (!matches(state, "timeout", nullptr, state.deadline, state.deadline)) return false;
    close(state);
    if (by == nullptr) return go_on(state);
    return late(*by) && after(state, then);
  }

  bool resolve(State& state, const std::string& cause, const SentEvent* by, Timestamp from, Timestamp until,
               const Rest* then) {
    if (!matches(state, cause, by, from, until)) return false;
    close(state);
    return after(state, then);
  }

  static void close(State& state) {
    state.phase = State::Phase::Resolved;
    ++state.outcomes;
  }

  bool matches(const State& state, const std::string& cause, const SentEvent* by, Timestamp from, Timestamp until) {
    if (!rules_.at_least_once) {
      if (state.outcomes >= story_.outcomes.size()) return note("an outcome is missing: " + cause);
      return fits(story_.outcomes[state.outcomes], state, cause, by, from, until);
    }
    bool any = false;
    for (const SeenOutcome& seen : story_.outcomes) {
      if (seen.created != state.created || !fits(seen, state, cause, by, from, until)) continue;
      any = true;
      reached_ = reached_ || &seen == goal_.outcome;
    }
    return any || note("an outcome is missing: " + cause);
  }

  bool fits(const SeenOutcome& seen, const State& state, const std::string& cause, const SentEvent* by, Timestamp from,
            Timestamp until) {
    std::string results, errors, missing;
    int missing_count = 0;
    std::map<std::string, const SentEvent*> by_name;
    for (std::size_t i = 0; i < state.settled.size(); ++i) by_name[entity_name(static_cast<int>(i))] = state.settled[i];
    const auto add = [](std::string& list, const std::string& item) { list += (list.empty() ? "" : ",") + item; };
    for (const auto& [name, event] : by_name) {
      if (event == nullptr) {
        add(missing, quoted(name));
        ++missing_count;
        continue;
      }
      add(results, quoted(name) + ":" + (failed(*event) ? "null" : event->result));
      if (failed(*event)) add(errors, quoted(name) + ":" + event->error);
    }
    const bool success = cause == "success";
    const bool timed_out = cause == "timeout";
    std::map<std::string, std::string> expected = {
        {"type", quoted(success ? "EventGroupCollectorSuccess" : "EventGroupCollectorFailure")},
        {"id", quoted(story_.group->id)},
        {"results", "{" + results + "}"},
        {"payload", story_.group->payload},
        {"origin", fmt::format("\"{}/{}/{}\"", rules_.input_topic, state.create->partition, state.create->offset)}};
    if (!success) {
      expected["cause"] = quoted(cause);
      expected["entity"] = quoted(cause == "error" ? entity_name(by->entity) : story_.group->id);
    }
    if (cause == "error") expected["error"] = by->error;
    if (cause == "cancelled") expected["error"] = R"("Cancelled")";
    if (timed_out) {
      expected["missing"] = "[" + missing + "]";
      expected["missingCount"] = std::to_string(missing_count);
    }
    if (story_.group->policy.kind != Policy::Kind::All && !errors.empty()) expected["errors"] = "{" + errors + "}";
    for (const auto& [name, value] : expected) {
      const auto field = seen.fields.find(name);
      if (field == seen.fields.end() || field->second != value) {
        return note(fmt::format("{} would be {}", name, value));
      }
    }
    if (!expected.contains("errors") && seen.fields.contains("errors")) return note("there would be no errors");
    if (seen.resolved < from || seen.resolved > until) {
      return note(fmt::format("`resolved` would lie in {} to {}", to_ms(from), to_ms(until)));
    }
    return true;
  }

  // Dead letters, as they were seen.
  bool lettered(const SentEvent& event, std::string_view reason) {
    if (goal_.any()) return give_letter(event, reason);
    if (reasons(event).contains(std::string(reason))) return true;
    return note(fmt::format("{} would be dead-lettered: {}", event.json, reason));
  }
  bool letterless(const SentEvent& event) {
    return rules_.at_least_once || reasons(event).empty() || note(event.json + " would not be dead-lettered");
  }
  /// After the outcome; that there was one may be forgotten.
  bool late(const SentEvent& event) {
    if (goal_.any()) return give_letter(event, "late") && give_letter(event, "no-such-group");
    const bool fine = reasons(event).contains("late") || reasons(event).contains("no-such-group");
    return fine || note(event.json + " would be late");
  }
  bool give_letter(const SentEvent& event, std::string_view reason) {
    reached_ = reached_ || (goal_.letter == place_of(event) && goal_.reason == reason);
    return true;
  }
  const std::set<std::string>& reasons(const SentEvent& event) const {
    static const std::set<std::string> kNone;
    const auto letter = story_.letters.find(place_of(event));
    return letter == story_.letters.end() ? kNone : letter->second;
  }

  bool note(std::string reason) {
    reason_ = std::move(reason);
    return false;
  }

  static std::string key(const State& state) {
    std::string key;
    const auto add = [&key](const void* data, std::size_t size) { key.append(static_cast<const char*>(data), size); };
    add(&state.phase, sizeof state.phase);
    add(&state.direct, sizeof state.direct);
    add(&state.rekeyed, sizeof state.rekeyed);
    add(&state.outcomes, sizeof state.outcomes);
    add(&state.created, sizeof state.created);
    add(&state.first, sizeof state.first);
    add(state.settled.data(), state.settled.size() * sizeof(void*));
    add(state.waiting.data(), state.waiting.size() * sizeof(void*));
    return key;
  }

  const GroupStory& story_;
  const ModelRules& rules_;
  const Goal goal_;
  bool reached_ = false;
  std::set<std::string> visited_;
  std::string reason_;
};

/// "2026-07-17T23:38:21.402Z"
std::optional<Timestamp> parse_time(std::string_view json) {
  if (json.size() != 26) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    return std::atoi(std::string(json.substr(1 + at, size)).c_str());
  };
  const std::chrono::year_month_day day{std::chrono::year{number(0, 4)},
                                        std::chrono::month{static_cast<unsigned>(number(5, 2))},
                                        std::chrono::day{static_cast<unsigned>(number(8, 2))}};
  return std::chrono::sys_days{day} + std::chrono::hours{number(11, 2)} + std::chrono::minutes{number(14, 2)} +
         std::chrono::seconds{number(17, 2)} + Duration{number(20, 3)};
}

}  // namespace

std::string judge(const GroupStory& story, const ModelRules& rules) {
  Judge judge(story, rules);
  if (!judge.possible()) return judge.reason().empty() ? "nothing the model knows" : judge.reason();
  if (!rules.at_least_once) return {};
  for (const SeenOutcome& outcome : story.outcomes) {
    if (!Judge(story, rules, {.outcome = &outcome}).possible()) {
      return fmt::format("no order of the events ends in the outcome resolved {}", to_ms(outcome.resolved));
    }
  }
  for (const auto& [place, reasons] : story.letters) {
    for (const std::string& reason : reasons) {
      if (Judge(story, rules, {.letter = place, .reason = reason}).possible()) continue;
      return fmt::format("no order of the events makes {}/{} a dead letter: {}", place.first, place.second, reason);
    }
  }
  return {};
}

std::optional<SeenOutcome> parse_outcome(std::string_view json) {
  SeenOutcome outcome;
  std::size_t at = 1;
  while (at < json.size() && json[at] == '"') {
    const std::size_t name_end = json.find('"', at + 1);
    const std::string name(json.substr(at + 1, name_end - at - 1));
    std::size_t end = name_end + 2;
    bool text = false;
    int depth = 0;
    for (; end < json.size(); ++end) {
      const char c = json[end];
      if (c == '"') text = !text;
      if (text) continue;
      if (depth == 0 && (c == ',' || c == '}')) break;
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
    }
    outcome.fields[name] = json.substr(name_end + 2, end - name_end - 2);
    at = end + 1;
  }
  const auto time = [&](const char* name) {
    const auto field = outcome.fields.find(name);
    return field == outcome.fields.end() ? std::nullopt : parse_time(field->second);
  };
  const auto created = time("created"), resolved = time("resolved");
  if (!created || !resolved) return std::nullopt;
  outcome.created = *created;
  outcome.resolved = *resolved;
  return outcome;
}

}  // namespace ebc::simulation
