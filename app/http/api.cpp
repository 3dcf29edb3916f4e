#include "app/http/api.h"

#include <fmt/format.h>

namespace ebc::app {
namespace {

bool reads(const HttpCall& call) { return call.method == "GET" || call.method == "HEAD"; }

HttpReply not_allowed(const char* allowed) {
  auto reply = problem(405, fmt::format("this path takes {}", allowed));
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

constexpr auto kRead = "GET, HEAD";

}  // namespace

Api::Api(const ApiParts& parts, group::RecentOutcomes& recent, Config config)
    : parts_(parts),
      max_id_bytes_(config.groups.max_id_bytes),
      reads_(parts),
      waits_(parts),
      config_(parts, config.options),
      instances_(parts, std::move(config.sources)),
      hub_(parts, recent, waits_, instances_),
      sender_(config.bus),
      writes_(sender_, std::move(config.groups)),
      dead_letters_(config.bus, std::move(config.dead_letter_topic), kDeadLettersKept, kDeadLetterBytes) {}

void Api::handle(const Target& target, const HttpCall& call, const ExchangePtr& exchange) {
  const auto& path = target.path;
  const auto is = [&](std::string_view name) { return path.size() == 2 && path[1] == name; };
  if (path.size() >= 2 && path[1] == "groups") return groups(target, call, exchange);
  const bool known = is("instances") || is("config") || is("events") || is("dead-letters") || is("openapi.json");
  if (!known) return exchange->send(problem(404, "nothing is at this path; /v1/openapi.json tells what there is"));
  if (!reads(call)) return exchange->send(not_allowed(kRead));
  if (is("openapi.json")) return exchange->send({200, "application/json", std::string(openapi_document())});
  if (is("config")) return config_.config(target, call, exchange);
  if (is("dead-letters")) return dead_letters(dead_letters_, target, exchange);
  if (parts_.placement.homes() == 0) return exchange->send(unavailable("the collector is starting"));
  if (is("instances")) return instances_.instances(call, exchange);
  if (call.method == "HEAD") return exchange->send({200, "text/event-stream"});  // a stream has no length to tell
  hub_.events(target, call, exchange);
}

void Api::groups(const Target& target, const HttpCall& call, const ExchangePtr& exchange) {
  const auto& path = target.path;
  if (path.size() > 2) {
    if (path[2].empty() || path[2].size() > max_id_bytes_) {
      return exchange->send(problem(400, fmt::format("a group id has 1 to {} bytes", max_id_bytes_)));
    }
    return one_group(target, call, exchange);
  }
  if (call.method == "POST") return writes_.create(call, exchange);
  if (!reads(call)) return exchange->send(not_allowed("GET, HEAD, POST"));
  if (parts_.placement.homes() == 0) return exchange->send(unavailable("the collector is starting"));
  reads_.list(target, call, exchange);
}

void Api::one_group(const Target& target, const HttpCall& call, const ExchangePtr& exchange) {
  const auto& path = target.path;
  const auto& id = path[2];
  const bool starting = parts_.placement.homes() == 0;
  if (path.size() == 3) {
    if (call.method == "PATCH") return writes_.update(id, call, exchange);
    if (call.method == "DELETE") return writes_.cancel(id, target, call, exchange);
    if (!reads(call)) return exchange->send(not_allowed("GET, HEAD, PATCH, DELETE"));
    if (starting) return exchange->send(unavailable("the collector is starting"));
    return reads_.one(id, call, exchange);
  }
  if (path.size() == 4 && path[3] == "outcome") {
    if (!reads(call)) return exchange->send(not_allowed(kRead));
    if (starting) return exchange->send(unavailable("the collector is starting"));
    hub_.listen();
    return waits_.outcome(id, target, call, exchange);
  }
  if (path.size() == 5 && path[3] == "entities") {
    if (call.method != "POST") return exchange->send(not_allowed("POST"));
    return writes_.settle(id, path[4], call, exchange);
  }
  exchange->send(problem(404, "nothing is at this path; /v1/openapi.json tells what there is"));
}

}  // namespace ebc::app
