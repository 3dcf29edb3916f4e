// replay-dead-letters: what was set aside goes back to the bus, once the reason is mended.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "app/command_json.h"
#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/kafka_dead_letters.h"
#include "app/options/values.h"
#include "app/watch_line.h"
#include "processor/group/reason.h"

namespace ebc::app {
namespace {

/// A handler's message is no command: it may only go where the user says.
constexpr std::string_view kHandlers = group::name_of(group::Reason::HandlerRefused);

void check_reasons(const std::vector<std::string>& reasons, Faults& faults) {
  const auto& known = group::kReasonNames;
  for (const std::string& reason : reasons) {
    if (std::find(known.begin(), known.end(), reason) != known.end()) continue;
    std::string list;
    for (const std::string_view name : known) list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
    faults.push_back(fmt::format("--reason: there is no reason \"{}\"; there are {}", reason, list));
  }
}

std::string group_of(const DeadLetter& letter) {
  const auto event = summarize_event(letter.value.value_or(""));
  if (!event) return {};
  return event->group.empty() ? event->id : event->group;
}

void show(const DeadLetter& letter, bool json) {
  if (json) {
    fmt::print(
        "{{\"partition\":{},\"offset\":{},\"time\":{},\"reason\":{},\"detail\":{},\"origin\":{},\"group\":{},"
        "\"replayed\":{}}}\n",
        letter.partition, letter.offset, json_string(format_time(letter.time)), json_string(letter.reason),
        json_string(letter.detail), json_string(letter.origin), json_string(group_of(letter)), letter.replayed);
  } else {
    fmt::print("{}  {}/{}  {}  from {}  {}{}\n", format_time(letter.time), letter.partition, letter.offset,
               letter.reason, letter.origin, json_string(group_of(letter)),
               letter.replayed ? "  (replayed before)" : "");
  }
}

}  // namespace

int replay_dead_letters_command(const CommandInput& input) {
  const auto& options = input.options;
  const auto bus = bus_settings(options, input.faults);
  const auto reasons = split_list(options.text("reason"));
  check_reasons(reasons, input.faults);
  const bool elsewhere = !options.text("to").empty();
  const bool handlers = std::find(reasons.begin(), reasons.end(), kHandlers) != reasons.end();
  if (handlers && !elsewhere) {
    input.faults.push_back(
        fmt::format("--reason {}: these are messages of handlers, no commands; say with --to to "
                    "which topic they go",
                    kHandlers));
  }
  if (!input.faults.empty()) return report_faults(input.faults);

  DeadLetterTopic topic(bus, options.text("app-id"));
  std::vector<DeadLetter> letters;
  if (const auto error = topic.read(letters); error.failed()) return report_failure(error.exit_code, error.message);
  std::vector<const DeadLetter*> chosen;
  std::size_t before = 0;
  for (const DeadLetter& letter : letters) {
    const bool wanted = reasons.empty() ? elsewhere || letter.reason != kHandlers
                                        : std::find(reasons.begin(), reasons.end(), letter.reason) != reasons.end();
    if (!wanted) continue;
    if (letter.replayed && !options.on("again")) {
      ++before;
      continue;
    }
    chosen.push_back(&letter);
  }

  const std::string to = elsewhere ? options.text("to") : bus.topic;
  const bool json = options.on("json");
  if (!options.on("execute")) {
    for (const DeadLetter* letter : chosen) show(*letter, json);
    fmt::print(stderr, "{} of {} dead letters in {} would be sent to {} ({} were replayed before); --execute does it\n",
               chosen.size(), letters.size(), topic.topic(), to, before);
    return kExitDone;
  }
  std::size_t sent = 0;
  const auto error = topic.replay(chosen, to, sent);
  if (json) fmt::print("{{\"sent\":{},\"topic\":{}}}\n", sent, json_string(to));
  fmt::print(stderr, "{} of {} dead letters were sent to {}\n", sent, chosen.size(), to);
  return error.failed() ? report_failure(error.exit_code, error.message) : kExitDone;
}

}  // namespace ebc::app
