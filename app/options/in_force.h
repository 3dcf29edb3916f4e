// The options as they are in force and where each came from, for people to look at. Secrets are never in it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/kafka_passthrough.h"
#include "app/options/resolve.h"

namespace ebc::app {

struct OptionInForce {
  std::string name;
  std::optional<std::string> value;  ///< as it was written; none: hidden, or neither given nor with a default
  std::string source;                ///< as OptionValue::where, or "default"
  bool hidden = false;               ///< it is set, but nobody is to see to what
};

struct OptionsInForce {
  std::vector<OptionInForce> options;  ///< all of the command, in the order of --help
  std::vector<OptionInForce> kafka;    ///< librdkafka settings passed through, `scope.key`, by name
};

/// `kafka`: what is passed through. `derived`: what options that weren't given come to, where that is no plain default.
OptionsInForce options_in_force(const ResolvedOptions& options, const std::vector<GivenKafkaSetting>& kafka,
                                const std::map<std::string_view, std::string>& derived);

}  // namespace ebc::app
