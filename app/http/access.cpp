#include "app/http/access.h"

#include <boost/asio/ip/address.hpp>

namespace ebc::app {
namespace {

/// The host of a Host header, without port and brackets.
std::string host_name(std::string_view host) {
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

bool cross_site(const HttpCall& call) {
  if (call.fetch_site == "cross-site" || call.fetch_site == "same-site") return true;
  if (call.origin.empty()) return false;
  const auto scheme = call.origin.find("://");
  return scheme == std::string::npos || std::string_view(call.origin).substr(scheme + 3) != call.host;
}

}  // namespace

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

bool AccessRule::bears_token(std::string_view authorization) const {
  // The scheme's name is case-insensitive (RFC 9110, 11.1).
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return false;
  }
  return equal_in_constant_time(authorization.substr(kScheme.size()), token_);
}

Access AccessRule::check(std::string_view first_segment, const HttpCall& call) const {
  if (first_segment != "v1") return Access::Allowed;
  if (!token_.empty()) {
    if (!bears_token(call.authorization)) return Access::Unauthorized;
  } else if (!insecure_) {
    if (!loopback_) return Access::Forbidden;
    // A page may have its own name point to this machine and so talk to us as to its own server.
    if (!is_loopback(host_name(call.host))) return Access::ForeignHost;
  }
  return cross_site(call) ? Access::CrossSite : Access::Allowed;
}

HttpReply refusal(Access access) {
  switch (access) {
    case Access::Allowed:
      break;
    case Access::Unauthorized: {
      auto reply = problem(401, "/v1 needs the token: Authorization: Bearer TOKEN");
      reply.headers.emplace_back("WWW-Authenticate", "Bearer");
      return reply;
    }
    case Access::Forbidden:
      return problem(403,
                     "/v1 is closed on an address other than loopback without a token; set EB_COLLECTOR_HTTP_TOKEN "
                     "or --http-token-file, or open it with --http-insecure");
    case Access::ForeignHost:
      return problem(403,
                     "without a token /v1 answers calls to localhost or a loopback address only; the Host header names "
                     "another host. Set EB_COLLECTOR_HTTP_TOKEN or --http-token-file, or --http-insecure");
    case Access::CrossSite:
      return problem(403, "calls that a browser makes for another site's page are refused");
  }
  return problem(403, "refused");
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

}  // namespace ebc::app
