#include <fmt/format.h>

#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/log.h"

namespace ebc::app {

int report_faults(const Faults& faults) {
  for (const auto& fault : faults) fmt::print(stderr, "eb-collector: {}\n", escape_controls(fault));
  return kExitUsage;
}

int report_failure(int exit_code, const std::string& message) {
  fmt::print(stderr, "eb-collector: {}\n", escape_controls(message));
  return exit_code;
}

}  // namespace ebc::app
