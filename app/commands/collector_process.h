// A running collector: the engine with the event groups on it, HTTP, signals. What `run` and `dev` share.
#pragma once

#include <functional>

#include "app/options/settings.h"
#include "app/signals.h"

namespace ebc::app {

/// Blocks until a signal or a failure ends the collector; gives the exit code. `on_started` is called once, when the
/// engine runs and HTTP is served.
int run_collector(
    const CollectorSettings& settings, StopSignals& signals, const std::function<void()>& on_started = [] {});

}  // namespace ebc::app
