// Ids for groups that were given none.
#pragma once

#include <string>

namespace ebc::app {

/// A random UUID, version 4, in its usual spelling. Any thread.
std::string make_group_id();

}  // namespace ebc::app
