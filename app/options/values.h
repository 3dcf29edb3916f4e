// Reading the values of options: durations, sizes, whole numbers, points in time. The only place that knows how they
// are spelled. Every function gives the value, or a sentence that says what was expected (without naming the option:
// the caller knows whether it came from a flag, a variable or a file).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::app {

/// A number with one of the units ms, s, min, h, d: "100ms", "1.5s", "10min", "30d". Whole milliseconds, never
/// negative. "0" needs no unit; any other number does, so that nobody mistakes seconds for milliseconds.
Result<Duration> parse_duration(std::string_view text);

/// Bytes, or a number with KiB, MiB or GiB: "900KiB", "1MiB", "65536".
Result<std::int64_t> parse_bytes(std::string_view text);

Result<std::int64_t> parse_integer(std::string_view text);

/// true/false, yes/no, on/off, 1/0.
Result<bool> parse_switch(std::string_view text);

/// RFC 3339 in UTC ("2026-07-17T23:38:21Z", fractions allowed), or milliseconds since the epoch.
Result<Timestamp> parse_time(std::string_view text);

/// The parts between commas, blanks around them removed, empty ones left out.
std::vector<std::string> split_list(std::string_view text);

std::string_view trim(std::string_view text);

/// The shortest exact spelling that parse_duration reads: "10min", "1500ms".
std::string format_duration(Duration duration);

}  // namespace ebc::app
