#pragma once

#include <string>

namespace ebc::app {

/// What `dev` prints once it runs: what it is, what it isn't, and the lines to type into other terminals.
/// `http`: its address, empty when it is off.
std::string dev_banner(const std::string& bootstrap, const std::string& topic, const std::string& output_topic,
                       const std::string& http);

}  // namespace ebc::app
