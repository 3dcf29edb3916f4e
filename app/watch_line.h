// One record of the bus as one line of `watch`.
#pragma once

#include <string>

#include "app/kafka_bus.h"

namespace ebc::app {

/// For people: time, kind, group, and what matters of the rest. With `json` the event itself on one line; what is no
/// JSON becomes a JSON string. Empty: not to be shown (without `all` only outcomes are).
std::string watch_line(const BusRecord& record, bool all, bool json);

/// 2026-07-17T23:38:21.402Z
std::string format_time(Timestamp time);

}  // namespace ebc::app
