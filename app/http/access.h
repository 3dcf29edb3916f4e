// Who may call what over HTTP: the one place with that rule.
#pragma once

#include <string>
#include <string_view>

#include "app/http/exchange.h"

namespace ebc::app {

enum class Access {
  Allowed,
  Unauthorized,  ///< a token is wanted and missing or wrong: 401
  Forbidden,     ///< no token is set and the address isn't loopback: 403
  ForeignHost,   ///< no token, and the call names another host than this one: a page elsewhere made a browser call: 403
  CrossSite,     ///< a browser says that another site's page makes the call: 403
};

/// Probes, metrics and the dashboard's page are open to everybody who reaches the port. /v1 needs the token where one
/// is set; without one it is served on loopback addresses only, unless that was waived. Constant after construction:
/// any thread.
class AccessRule {
 public:
  AccessRule(std::string token, bool loopback, bool insecure)
      : token_(std::move(token)), loopback_(loopback), insecure_(insecure) {}

  /// `first_segment`: of the path, percent-decoded.
  Access check(std::string_view first_segment, const HttpCall& call) const;
  /// What other instances of the application are called with: the same token. Empty: none.
  const std::string& token() const { return token_; }

 private:
  bool bears_token(std::string_view authorization) const;

  std::string token_;
  bool loopback_, insecure_;
};

/// The refusal as a reply; not for Allowed.
HttpReply refusal(Access access);

/// Takes the same time wherever the first difference is; only the lengths show.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// True for names and addresses that only this machine can reach.
bool is_loopback(const std::string& host);

}  // namespace ebc::app
