#include "app/http/api_parts.h"

#include <fmt/format.h>

#include "app/options/values.h"

namespace ebc::app {

HttpReply json_reply(std::string body) {
  body += '\n';
  return {200, "application/json", std::move(body)};
}

std::optional<Duration> parse_wait(std::string_view text) {
  if (const auto plain = parse_integer(text); plain.ok()) {
    constexpr std::int64_t kMost = 1'000'000'000;
    if (plain.value() < 0 || plain.value() > kMost) return std::nullopt;
    return Duration{plain.value() * 1'000};
  }
  const auto duration = parse_duration(text);
  if (!duration.ok() || duration.value().count() < 0) return std::nullopt;
  return duration.value();
}

void on_worker(WorkerPool& workers, const ExchangePtr& exchange, std::function<void()> task) {
  if (!workers.post(std::move(task))) exchange->send(unavailable("too many calls wait already"));
}

HttpReply passed_on(Result<PeerReply> result) {
  if (!result.ok()) return unavailable(result.status().message());
  if (result->status == 401 || result->status == 403) {
    return unavailable("the instance that has the answer refuses our token; give all instances the same one");
  }
  HttpReply reply{result->status, std::move(result->content_type), std::move(result->body)};
  if (reply.status == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

Whereabouts find_home(const Placement& placement, Partition home, bool hop) {
  Whereabouts found;
  found.store = placement.store(home);
  if (found.store != nullptr) return found;
  const auto owner = hop ? std::nullopt : placement.owner_of(home);
  if (!owner) {
    found.why = fmt::format("home {} moves: {}", home, placement.why_homeless(home));
  } else if (owner->http.empty()) {
    found.why = fmt::format("home {} runs on instance {}, which serves no HTTP", home, owner->id);
  } else {
    found.base = owner->http;
  }
  return found;
}

}  // namespace ebc::app
