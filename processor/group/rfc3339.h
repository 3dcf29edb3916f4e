// Points in time as events spell them.
#pragma once

#include <string>

#include "processor/api/types.h"

namespace ebc::group {

/// Appends RFC 3339 in UTC with milliseconds: 2026-07-17T23:38:21.402Z. Years outside 0 to 9999, which the format can't
/// spell, are cut to its ends.
void append_rfc3339(Timestamp time, std::string& out);

}  // namespace ebc::group
