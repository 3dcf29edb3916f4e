// A running collector: the engine with the event groups on it, HTTP, signals. What `run` and `dev` share.
#pragma once

#include <functional>

#include "app/options/settings.h"
#include "app/signals.h"

namespace ebc::app {

/// What a command does at turning points of the collector.
struct CollectorHooks {
  /// Once, when the engine runs and HTTP is served.
  std::function<void()> on_started = [] {};
  /// Before the process ends at once, without destructors: a second signal, or a stop that takes too long. Any thread.
  std::function<void()> on_abandoned = [] {};
};

/// Blocks until a signal or a failure ends the collector; gives the exit code.
int run_collector(const CollectorSettings& settings, StopSignals& signals, const CollectorHooks& hooks = {});

}  // namespace ebc::app
