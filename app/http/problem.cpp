#include <fmt/format.h>

#include "app/command_json.h"
#include "app/http/exchange.h"

namespace ebc::app {
namespace {

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

HttpReply problem(unsigned status, std::string_view detail) {
  return {status, "application/problem+json",
          fmt::format("{{\"type\":\"about:blank\",\"title\":{},\"status\":{},\"detail\":{}}}\n",
                      json_string(title_of(status)), status, json_string(detail))};
}

HttpReply unavailable(std::string_view detail) {
  auto reply = problem(503, detail);
  reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

}  // namespace ebc::app
