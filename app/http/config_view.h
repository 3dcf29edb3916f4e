// GET /v1/config: the options in force at one instance, for who wonders why it behaves as it does.
#pragma once

#include <string>

#include "app/http/api_parts.h"
#include "app/options/in_force.h"

namespace ebc::app {

/// The HTTP thread.
class ConfigView {
 public:
  ConfigView(const ApiParts& parts, const OptionsInForce& options);

  /// Of this instance, or of the live one that `?instance=` names.
  void config(const Target& target, const HttpCall& call, const ExchangePtr& exchange) const;

 private:
  HttpReply own(const std::vector<Member>& members) const;

  const ApiParts parts_;
  const std::string options_;  ///< JSON: they don't change while we run
};

}  // namespace ebc::app
