#include "app/commands/collector_process.h"
#include "app/commands/commands.h"

namespace ebc::app {

int run_command(const CommandInput& input) {
  const auto settings = collector_settings(input.options, input.environment, input.faults);
  if (!input.faults.empty()) return report_faults(input.faults);
  return run_collector(settings, input.signals);
}

}  // namespace ebc::app
