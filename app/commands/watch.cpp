#include <fmt/format.h>

#include <cstdlib>

#include "app/command_json.h"
#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/kafka_bus.h"
#include "app/log.h"
#include "app/watch_line.h"

namespace ebc::app {

int watch_command(const CommandInput& input) {
  const auto bus = bus_settings(input.options, input.faults);
  if (!input.faults.empty()) return report_faults(input.faults);
  const bool all = input.options.on("all");
  const bool json = input.options.on("json");

  std::atomic<bool> stopping = false;
  input.signals.watch([&](int count) {
    stopping = true;
    if (count > 1) std::_Exit(kExitDone);
  });
  std::vector<std::unique_ptr<BusFollower>> followers;
  followers.push_back(std::make_unique<BusFollower>(bus, bus.output_topic));
  if (all && bus.topic != bus.output_topic) followers.push_back(std::make_unique<BusFollower>(bus, bus.topic));
  for (const auto& follower : followers) {
    if (const auto error = follower->open(); error.failed()) return report_failure(error.exit_code, error.message);
  }
  if (!json) fmt::print(stderr, "following {} at {}; end with Ctrl-C\n", bus.output_topic, bus.brokers);
  while (!stopping) {
    for (const auto& follower : followers) {
      BusError error;
      const auto record = follower->next(Duration{100}, error);
      if (error.failed()) return report_failure(error.exit_code, error.message);
      if (!record) continue;
      const auto line = watch_line(*record, all, json);
      if (line.empty()) continue;
      fmt::print("{}\n", line);
      std::fflush(stdout);
    }
  }
  return kExitDone;
}

}  // namespace ebc::app
