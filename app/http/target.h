// The target of a request: split first, decoded then, so that an id may hold a slash.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/types.h"

namespace ebc::app {

struct Target {
  std::vector<std::string> path;             ///< segments, decoded; "/" is one empty segment
  std::map<std::string, std::string> query;  ///< decoded; of a name given twice the last counts

  /// Empty when it isn't there.
  std::string_view parameter(const std::string& name) const;
};

/// nullopt: no path, or a % without two hexadecimal digits.
std::optional<Target> parse_target(std::string_view text);

/// Unreserved characters (RFC 3986) stay, all others become %XX.
std::string percent_encode(std::string_view text);

/// Keys of pages as clients see them: no character of theirs needs to be escaped anywhere.
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

}  // namespace ebc::app
