#include "app/http/endpoints.h"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>

#include "app/command_json.h"

namespace ebc::app {
namespace {

constexpr std::string_view kHere = "here are /livez, /readyz and /metrics";

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
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_value(text[i + 2]);
    if (low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// The path is split first and each part decoded then, so that an id may hold a slash.
std::optional<std::vector<std::string>> split_path(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (!target.starts_with('/')) return std::nullopt;
  target.remove_prefix(1);
  std::vector<std::string> segments;
  for (;;) {
    const auto slash = target.find('/');
    auto segment = percent_decode(target.substr(0, slash));
    if (!segment) return std::nullopt;
    segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) return segments;
    target.remove_prefix(slash + 1);
  }
}

HttpReply text(unsigned status, std::string_view body) {
  return {status, "text/plain; charset=utf-8", fmt::format("{}\n", body)};
}

}  // namespace

HttpReply problem(unsigned status, std::string_view detail) {
  return {status, "application/problem+json",
          fmt::format("{{\"title\":{},\"status\":{},\"detail\":{}}}\n", json_string(title_of(status)), status,
                      json_string(detail))};
}

Endpoints::Endpoints(SnapshotSource snapshot, AccessRule access,
                     std::vector<std::shared_ptr<const prometheus::Collectable>> metrics)
    : snapshot_(std::move(snapshot)), access_(std::move(access)), metrics_(std::move(metrics)) {}

HttpReply Endpoints::handle(const HttpCall& call) const {
  const auto segments = split_path(call.target);
  if (!segments) return problem(400, "the target must be a path, with % followed by two hexadecimal digits");
  switch (access_.check(segments->front(), call.authorization)) {
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
  }
  HttpReply (Endpoints::*endpoint)() const = nullptr;
  if (segments->size() == 1) {
    if (segments->front() == "livez") endpoint = &Endpoints::livez;
    if (segments->front() == "readyz") endpoint = &Endpoints::readyz;
    if (segments->front() == "metrics") endpoint = &Endpoints::metrics;
  }
  if (endpoint == nullptr) return problem(404, fmt::format("nothing is at this path; {}", kHere));
  if (call.method != "GET" && call.method != "HEAD") {
    auto reply = problem(405, "this path is only read");
    reply.headers.emplace_back("Allow", "GET, HEAD");
    return reply;
  }
  return (this->*endpoint)();
}

HttpReply Endpoints::livez() const {
  if (snapshot_().threads_turning) return text(200, "ok");
  return problem(503, "a thread has not turned its loop for 30 seconds");
}

HttpReply Endpoints::readyz() const {
  const auto snapshot = snapshot_();
  if (snapshot.stopping) return problem(503, "stopping");
  if (!snapshot.not_ready_reason.empty()) return problem(503, snapshot.not_ready_reason);
  if (!snapshot.joined) return problem(503, "joining the consumer group");
  return text(200, "ok");
}

HttpReply Endpoints::metrics() const {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& source : metrics_) {
    for (auto& family : source->Collect()) families.push_back(std::move(family));
  }
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return {200, "text/plain; version=0.0.4; charset=utf-8", out.str()};
}

}  // namespace ebc::app
