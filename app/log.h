// Set-up of spdlog: lines for people or JSON objects, on stderr, control characters escaped in both, so that no id or
// error text can forge a line. Payloads are never logged by anybody.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/options/settings.h"

namespace spdlog {
class formatter;
}

namespace ebc::app {

/// Once, before any thread is started.
void set_up_log(const LogSettings& settings);

/// The formatter of a log format ("text" or "json").
std::unique_ptr<spdlog::formatter> make_log_formatter(std::string_view format);

/// Control characters as \n, \t or \x1b, everything else as it is.
std::string escape_controls(std::string_view text);

}  // namespace ebc::app
