// Who may call what over HTTP: the one place with that rule.
#pragma once

#include <string>
#include <string_view>

namespace ebc::app {

enum class Access {
  Allowed,
  Unauthorized,  ///< a token is wanted and missing or wrong: 401
  Forbidden,     ///< no token is set and the address isn't loopback: 403
};

/// Probes and metrics are open to everybody who reaches the port. /v1 needs the token where one is set; without one it
/// is served on loopback addresses only, unless that was waived. Constant after construction: any thread.
class AccessRule {
 public:
  AccessRule(std::string token, bool loopback, bool insecure)
      : token_(std::move(token)), open_without_token_(loopback || insecure) {}

  /// `first_segment`: of the path, percent-decoded. `authorization`: that header, empty when there is none.
  Access check(std::string_view first_segment, std::string_view authorization) const;

 private:
  std::string token_;
  bool open_without_token_;
};

/// Takes the same time wherever the first difference is; only the lengths show.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace ebc::app
