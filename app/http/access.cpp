#include "app/http/access.h"

namespace ebc::app {

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  // volatile: the compiler must not stop at the first difference.
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference =
        static_cast<unsigned char>(difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return difference == 0;
}

Access AccessRule::check(std::string_view first_segment, std::string_view authorization) const {
  if (first_segment != "v1") return Access::Allowed;
  if (token_.empty()) return open_without_token_ ? Access::Allowed : Access::Forbidden;
  // The scheme's name is case-insensitive (RFC 9110, 11.1).
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size()) return Access::Unauthorized;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return Access::Unauthorized;
  }
  return equal_in_constant_time(authorization.substr(kScheme.size()), token_) ? Access::Allowed : Access::Unauthorized;
}

}  // namespace ebc::app
