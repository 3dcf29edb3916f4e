#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/log.h"
#include "app/options/command_line.h"
#include "app/version.h"
#include "topology/kafka_source.h"

namespace {

using namespace ebc::app;

Environment read_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != std::string_view::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

int dispatch(const CommandInput& input, Scope command) {
  switch (command) {
    case kRun:
      return run_command(input);
    case kDev:
      return dev_command(input);
    case kTopics:
      return topics_command(input);
    case kCreate:
      return create_command(input);
    case kDone:
      return done_command(input);
    case kFail:
      return fail_command(input);
    case kUpdate:
      return update_command(input);
    case kCancel:
      return cancel_command(input);
    case kReplay:
      return replay_dead_letters_command(input);
    case kReset:
      return reset_command(input);
    case kWatch:
      return watch_command(input);
    case kInspect:
      return inspect_command(input);
    case kVerify:
      return verify_command(input);
    case kGet:
      return get_command(input);
    case kLs:
      return ls_command(input);
  }
  return kExitUsage;
}

int run_program(const std::vector<std::string>& arguments) {
  const auto invocation = read_command_line(arguments);
  if (invocation.version) {
    fmt::print("{}", version_text());
    return kExitDone;
  }
  if (invocation.help) {
    fmt::print("{}", render_help(invocation.command));
    return kExitDone;
  }
  if (invocation.command == nullptr) return report_faults(invocation.faults);
  StopSignals signals;
  const auto environment = read_environment();
  auto faults = invocation.faults;
  const auto options = resolve_options(invocation.command->scope, invocation.flags, environment, faults);
  set_up_log(log_settings(options));
  // With a word missing the command goes on with an empty one, as far as its other faults; it acts on none.
  auto words = invocation.positionals;
  if (!invocation.command->positionals_optional) words.resize(invocation.command->positionals.size());
  return dispatch({options, environment, words, faults, signals}, invocation.command->scope);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int code = run_program({argv + 1, argv + argc});
    if (ebc::topology::consumers_left_alone() > 0) {
      std::fflush(nullptr);
      std::_Exit(code);
    }
    return code;
  } catch (const std::exception& failure) {
    return report_failure(kExitFailed, failure.what());
  }
}
