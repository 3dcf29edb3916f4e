#pragma once

#include <string>

namespace ebc::app {

/// Our version, then one line for each library that the program runs with.
std::string version_text();

}  // namespace ebc::app
