// A process that writes numbered rows into several homes until it is killed.
#pragma once

#include <string>
#include <string_view>

namespace ebc::state {

inline constexpr std::string_view kNumberedWriter = "--numbered-writer";
inline constexpr int kNumberedHomes = 4;

/// Key of row `number`; the home's position is the number of its rows.
std::string numbered_key(long number);

/// One byte on stdout for each batch. Returns only when something fails.
int write_until_killed(const std::string& folder);

}  // namespace ebc::state
