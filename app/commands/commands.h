// The commands of the program. Each gets its checked options and gives back the exit code; results go to stdout,
// everything else to stderr.
#pragma once

#include <string>
#include <vector>

#include "app/options/resolve.h"
#include "app/signals.h"

namespace ebc::app {

struct CommandInput {
  const ResolvedOptions& options;
  const Environment& environment;
  const std::vector<std::string>& positionals;
  Faults& faults;  ///< what resolving the options found; a command adds its own before it reports them
  StopSignals& signals;
};

int run_command(const CommandInput& input);
int dev_command(const CommandInput& input);
int topics_command(const CommandInput& input);
int create_command(const CommandInput& input);
int done_command(const CommandInput& input);
int fail_command(const CommandInput& input);
int update_command(const CommandInput& input);
int cancel_command(const CommandInput& input);
int watch_command(const CommandInput& input);
int inspect_command(const CommandInput& input);
int verify_command(const CommandInput& input);
int replay_dead_letters_command(const CommandInput& input);
int reset_command(const CommandInput& input);
int get_command(const CommandInput& input);
int ls_command(const CommandInput& input);

/// Prints every fault and gives the exit code of wrong use.
int report_faults(const Faults& faults);
/// Prints one failure and gives its exit code back.
int report_failure(int exit_code, const std::string& message);

}  // namespace ebc::app
