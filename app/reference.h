// The reference pages of docs/reference, printed from the tables that the program itself works by.
#pragma once

#include <string>

namespace ebc::app {

/// docs/reference/options.md.
std::string options_page();

/// docs/reference/metrics.md.
std::string metrics_page();

}  // namespace ebc::app
