#include "tests/fuzz/reference_model.h"

#include <algorithm>

#include "processor/group/rfc3339.h"

namespace ebc::fuzz {

using model::Group;
using model::Marker;
using model::Waiting;

std::string model_time(std::int64_t ms) {
  std::string text;
  group::append_rfc3339(timestamp_from_ms(ms), text);
  return text;
}

std::size_t ReferenceModel::open_groups() const {
  return static_cast<std::size_t>(
      std::count_if(known_.begin(), known_.end(), [](const auto& one) { return one.second.group.has_value(); }));
}

void ReferenceModel::dead_letter(const char* reason, const Command& command) {
  sent_.push_back(std::string("dead ") + reason + " " + std::to_string(command.offset));
}

void ReferenceModel::late(const Command& command) {
  if (options_.late_to_dead_letters) dead_letter("late", command);
}

void ReferenceModel::forget_markers() {
  for (auto& [id, known] : known_) known.marker.reset();
}

void ReferenceModel::advance_clock(std::int64_t clock) {
  clock_ = std::max(clock_, clock);
  for (auto& [id, known] : known_) {
    if (known.group && known.group->deadline < clock_) time_out(known);
    if (known.marker && known.marker->expires < clock_) known.marker.reset();
    std::erase_if(known.waiting, [this](const Waiting& waiting) {
      const bool over = waiting.time + options_.orphan_ttl_ms < clock_;
      if (over) dead_letter("no-such-group", waiting.command);
      return over;
    });
  }
}

void ReferenceModel::process(const Command& command, std::int64_t time) {
  Known& known = known_[command.group];
  if (known.group && time > known.group->deadline) time_out(known);
  if (known.marker && known.marker->expires < clock_) known.marker.reset();
  if (command.kind == Command::Kind::Create) {
    create(known, command, time);
  } else if (known.group) {
    act(known, command, std::max(time, known.group->created));
  } else if (known.marker) {
    late(command);
  } else {
    known.waiting.push_back({command, time});
  }
}

void ReferenceModel::create(Known& known, const Command& command, std::int64_t time) {
  const Command* opened = known.group ? &known.group->create : known.marker ? &known.marker->create : nullptr;
  if (opened != nullptr && opened->timestamp == command.timestamp && opened->json == command.json) return;
  if (known.group) return dead_letter("already-open", command);
  if (known.marker && options_.ignore_reuse) return;
  known.marker.reset();
  Group& group = known.group.emplace();
  group.create = command;
  group.created = time;
  group.ttl = command.ttl.empty() ? std::to_string(options_.default_ttl_ms / 1'000) : command.ttl;
  group.deadline = time + (command.ttl.empty() ? options_.default_ttl_ms : command.ttl_ms);
  group.sealed = command.sealed;
  group.expected = command.expected;
  decide(known, nullptr, time);
  for (const Waiting& waiting : std::exchange(known.waiting, {})) {
    const std::int64_t then = std::max(waiting.time, time);
    if (known.group && then > known.group->deadline) time_out(known);
    if (known.group) {
      act(known, waiting.command, then);
    } else {
      late(waiting.command);
    }
  }
}

void ReferenceModel::act(Known& known, const Command& command, std::int64_t time) {
  switch (command.kind) {
    case Command::Kind::Create:
      return;
    case Command::Kind::Done:
      return done(known, command, time);
    case Command::Kind::Update:
      return update(known, command, time);
    case Command::Kind::Cancel:
      return resolve(known, {"cancelled", "", command.reason.empty() ? "\"Cancelled\"" : command.reason}, time);
  }
}

void ReferenceModel::done(Known& known, const Command& command, std::int64_t time) {
  Group& group = *known.group;
  if (const auto settled = group.settled.find(command.entity); settled != group.settled.end()) {
    const bool same = settled->second.failed == command.failed && settled->second.value == command.value;
    if (!same) dead_letter("already-settled", command);
  } else if (group.expected.contains(command.entity)) {
    settle(known, command, time);
  } else if (!group.sealed) {
    const auto [parked, first] = group.parked.try_emplace(command.entity, command);
    const bool same = parked->second.failed == command.failed && parked->second.value == command.value;
    if (!first && !same) dead_letter("already-settled", command);
  } else if (command.failed && group.create.policy == "\"all\"") {
    resolve(known, {"error", command.entity, command.value}, time);
  } else {
    dead_letter("unexpected-entity", command);
  }
}

void ReferenceModel::settle(Known& known, const Command& command, std::int64_t time) {
  Group& group = *known.group;
  group.settled[command.entity] = {command.failed, command.value};
  if (!group.first_failed) group.first_failed = command.failed;
  decide(known, &command, time);
}

void ReferenceModel::update(Known& known, const Command& command, std::int64_t time) {
  std::set<std::string> added;
  for (const std::string& id : command.add) {
    if (!known.group->expected.contains(id)) added.insert(id);
  }
  if (!added.empty() && known.group->sealed) return dead_letter("sealed", command);
  known.group->expected.insert(added.begin(), added.end());
  for (const std::string& id : added) {
    if (!known.group) return;
    const auto parked = known.group->parked.extract(id);
    if (!parked.empty()) settle(known, parked.mapped(), time);
  }
  if (!known.group) return;
  if (command.ttl_ms > 0) {
    known.group->deadline = time + command.ttl_ms;
    known.group->ttl = command.ttl;
  }
  if (!command.seal || known.group->sealed) return;
  known.group->sealed = true;
  for (const auto& [id, parked] : std::exchange(known.group->parked, {})) {
    if (known.group) {
      done(known, parked, time);
    } else {
      late(parked);
    }
  }
  if (known.group) decide(known, nullptr, time);
}

void ReferenceModel::decide(Known& known, const Command* last, std::int64_t time) {
  const Group& group = *known.group;
  const std::string& policy = group.create.policy;
  const auto number = [&policy] { return std::stoull(policy.substr(policy.find(':') + 1)); };
  std::size_t bad = 0;
  for (const auto& [id, settled] : group.settled) bad += settled.failed ? 1 : 0;
  const std::size_t good = group.settled.size() - bad;
  const std::size_t all = group.expected.size();
  const bool complete = group.sealed && good + bad == all;
  const auto success = [&] { resolve(known, {}, time); };
  const auto error = [&] { resolve(known, {"error", last->entity, last->value}, time); };
  const auto unmet = [&](const std::string& name) {
    resolve(known, {"unmet", "", "\"Policy " + name + " can't be met\""}, time);
  };
  if (policy == "\"allSettled\"") {
    if (complete) success();
  } else if (policy == "\"race\"") {
    if (group.first_failed && *group.first_failed) return error();
    if (!group.sealed) return;
    if (group.first_failed) return success();
    if (all == 0) unmet("race");
  } else if (policy == "\"any\"" || policy.starts_with("{\"quorum\"")) {
    const std::size_t needed = policy == "\"any\"" ? 1 : number();
    if (!group.sealed) return;
    if (good >= needed) return success();
    if (all - bad < needed) unmet(policy == "\"any\"" ? "any" : "quorum " + std::to_string(needed));
  } else {
    const std::size_t borne = policy == "\"all\"" ? 0 : number();
    if (bad > borne) return error();
    if (complete) success();
  }
}

void ReferenceModel::time_out(Known& known) {
  const std::string error = "\"Operation timed out after " + known.group->ttl + " seconds\"";
  const std::int64_t deadline = known.group->deadline;
  resolve(known, {"timeout", "", error}, deadline);
}

void ReferenceModel::resolve(Known& known, const End& end, std::int64_t time) {
  const Group group = *std::exchange(known.group, std::nullopt);
  const std::string& id = group.create.group;
  std::string results, errors, missing;
  std::size_t missing_count = 0;
  const auto add = [](std::string& list, const std::string& text) { list += (list.empty() ? "" : ",") + text; };
  for (const std::string& entity : group.expected) {
    const auto settled = group.settled.find(entity);
    if (settled == group.settled.end()) {
      ++missing_count;
      add(missing, "\"" + entity + "\"");
      continue;
    }
    add(results, "\"" + entity + "\":" + (settled->second.failed ? "null" : settled->second.value));
    if (settled->second.failed) add(errors, "\"" + entity + "\":" + settled->second.value);
  }
  std::string outcome = end.cause.empty() ? R"({"type":"EventGroupCollectorSuccess","id":")" + id + "\""
                                          : R"({"type":"EventGroupCollectorFailure","id":")" + id + R"(","entity":")" +
                                                (end.entity.empty() ? id : end.entity) + R"(","error":)" + end.error +
                                                R"(,"cause":")" + end.cause + "\"";
  outcome += R"(,"created":")" + model_time(group.created) + R"(","resolved":")" + model_time(time) +
             R"(","results":{)" + results + R"(},"payload":)" +
             (group.create.payload.empty() ? "null" : group.create.payload) + R"(,"origin":"in/0/)" +
             std::to_string(group.create.offset) + "\"";
  if (!errors.empty() && group.create.policy != "\"all\"") outcome += ",\"errors\":{" + errors + "}";
  if (end.cause == "timeout") {
    outcome += ",\"missing\":[" + missing + "],\"missingCount\":" + std::to_string(missing_count);
  }
  outcome += "}";
  sent_.push_back("out " + outcome);
  if (group.create.has_handler) sent_.push_back("handler " + (end.cause.empty() ? outcome : R"({"bad":1})"));
  if (group.create.has_parent) {
    sent_.push_back(R"(in {"type":"EventGroupCollectorEntityDone","id":"child","group":"parent",)" +
                    (end.cause.empty() ? "\"result\":{" + results + "}}" : "\"error\":" + end.error + "}") + " at " +
                    std::to_string(time));
  }
  for (const auto& [entity, parked] : group.parked) late(parked);
  known.marker = Marker{group.create, std::max(time, clock_) + options_.retention_ms};
}

}  // namespace ebc::fuzz
