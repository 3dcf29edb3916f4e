// create, done, fail, update and cancel: one event each.
#include <fmt/format.h>

#include "app/command_json.h"
#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/group_id.h"
#include "app/kafka_bus.h"
#include "app/options/values.h"

namespace ebc::app {
namespace {

constexpr double kDefaultTtlSeconds = 30;
// How long an outcome may be on its way after the deadline.
constexpr Duration kOutcomeGrace{10'000};

int send(const BusSettings& bus, const std::string& key, const std::string& event) {
  BusProducer producer(bus);
  auto error = producer.open();
  if (!error.failed()) error = producer.send(key, event);
  return error.failed() ? report_failure(error.exit_code, error.message) : kExitDone;
}

void print_acknowledged(const CommandInput& input, const std::string& group) {
  if (input.options.on("json")) fmt::print("{{\"group\":{}}}\n", json_string(group));
}

// Prints the outcome of `group` when it comes.
int await_outcome(BusFollower& follower, const std::string& group, Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    BusError error;
    const auto record = follower.next(Duration{200}, error);
    if (error.failed()) return report_failure(error.exit_code, error.message);
    if (!record || record->value.find("EventGroupCollector") == std::string_view::npos) continue;
    const auto event = summarize_event(record->value);
    if (!event || !event->is_outcome() || event->id != group) continue;
    fmt::print("{}\n", one_line(record->value));
    return event->is_success() ? kExitDone : kExitFailed;
  }
  return report_failure(kExitFailed, fmt::format("no outcome of group {} came within its ttl and 10 seconds; does a "
                                                 "collector run on this topic, with this output topic?",
                                                 group));
}

Duration patience_for(const std::string& ttl) {
  // create_json has checked that it is a number; the collector refuses what is beyond its --max-ttl.
  const double seconds = ttl.empty() ? kDefaultTtlSeconds : std::min(std::strtod(ttl.c_str(), nullptr), 3.2e8);
  return Duration{static_cast<std::int64_t>(seconds * 1'000)} + kOutcomeGrace;
}

int settle(const CommandInput& input, const Result<std::string>& event) {
  const auto bus = bus_settings(input.options, input.faults);
  if (!event.ok()) input.faults.push_back(event.status().message());
  if (!input.faults.empty()) return report_faults(input.faults);
  const auto& group = input.positionals[0];
  const int code = send(bus, group, event.value());
  if (code == kExitDone) print_acknowledged(input, group);
  return code;
}

}  // namespace

int create_command(const CommandInput& input) {
  const auto& options = input.options;
  CreateCommand command;
  const bool made = input.positionals.empty();
  command.group = made ? make_group_id() : input.positionals[0];
  command.expected = options.list("expected");
  command.ttl = options.text("ttl");
  command.payload = options.text("payload");
  command.policy = options.text("policy");
  if (!options.given("expected")) {
    input.faults.emplace_back("--expected is missing; name the entities that the group waits for, like --expected a,b");
  }
  const auto bus = bus_settings(options, input.faults);
  const auto event = create_json(command);
  if (!event.ok()) input.faults.push_back(event.status().message());
  if (!input.faults.empty()) return report_faults(input.faults);

  const bool wait = options.on("wait");
  BusFollower follower(bus, bus.output_topic);
  if (wait) {
    // Before the group exists, so that its outcome can't be missed.
    if (const auto error = follower.open(); error.failed()) return report_failure(error.exit_code, error.message);
  }
  if (const int code = send(bus, command.group, event.value()); code != kExitDone) return code;
  if (!wait) {
    if (made && !options.on("json")) fmt::print("{}\n", command.group);
    print_acknowledged(input, command.group);
    return kExitDone;
  }
  if (made) fmt::print(stderr, "group {}\n", command.group);
  return await_outcome(follower, command.group, patience_for(command.ttl));
}

int done_command(const CommandInput& input) {
  return settle(input, done_json(input.positionals[0], input.positionals[1], input.options.text("result")));
}

int fail_command(const CommandInput& input) {
  const auto text = input.options.text("error");
  if (text.empty()) input.faults.emplace_back("--error is missing; say what went wrong, like --error 'out of stock'");
  return settle(input, fail_json(input.positionals[0], input.positionals[1], text));
}

int update_command(const CommandInput& input) {
  UpdateCommand command;
  command.group = input.positionals[0];
  command.add = input.options.list("add");
  command.ttl = input.options.text("ttl");
  command.seal = input.options.on("seal");
  return settle(input, update_json(command));
}

int cancel_command(const CommandInput& input) {
  return settle(input, cancel_json(input.positionals[0], input.options.text("reason")));
}

}  // namespace ebc::app
