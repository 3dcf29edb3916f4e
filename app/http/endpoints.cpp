#include "app/http/endpoints.h"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>

#include "app/dashboard/assets.h"

namespace ebc::app {
namespace {

HttpReply text(unsigned status, std::string_view body) {
  return {status, "text/plain; charset=utf-8", fmt::format("{}\n", body)};
}

/// Puts the instance's name on each answer under /v1: by it another instance knows that it talks to one.
class SignedExchange final : public HttpExchange {
 public:
  SignedExchange(ExchangePtr exchange, std::string name) : exchange_(std::move(exchange)), name_(std::move(name)) {}
  void send(HttpReply reply) override { exchange_->send(sign(std::move(reply))); }
  std::shared_ptr<HttpStream> stream(HttpReply head) override { return exchange_->stream(sign(std::move(head))); }
  bool gone() const override { return exchange_->gone(); }

 private:
  HttpReply sign(HttpReply reply) const {
    reply.headers.emplace_back("Eb-Collector-Instance", name_);
    return reply;
  }

  const ExchangePtr exchange_;
  const std::string name_;
};

}  // namespace

Endpoints::Endpoints(SnapshotSource snapshot, AccessRule access,
                     std::vector<std::shared_ptr<const prometheus::Collectable>> metrics, ApiHandler api)
    : snapshot_(std::move(snapshot)), access_(std::move(access)), metrics_(std::move(metrics)), api_(std::move(api)) {}

void Endpoints::handle(const HttpCall& call, const ExchangePtr& exchange) const {
  const auto target = parse_target(call.target);
  if (!target) {
    return exchange->send(problem(400, "the target must be a path, with % followed by two hexadecimal digits"));
  }
  if (const auto access = access_.check(target->path.front(), call); access != Access::Allowed) {
    return exchange->send(refusal(access));
  }
  if (target->path.front() == "v1") {
    if (name_.empty()) name_ = percent_encode(snapshot_().instance_id);
    return api_(*target, call, std::make_shared<SignedExchange>(exchange, name_.empty() ? "-" : name_));
  }
  exchange->send(page(*target, call));
}

HttpReply Endpoints::page(const Target& target, const HttpCall& call) const {
  const auto& path = target.path;
  HttpReply (Endpoints::*endpoint)() const = nullptr;
  if (path.size() == 1) {
    if (path.front() == "livez") endpoint = &Endpoints::livez;
    if (path.front() == "readyz") endpoint = &Endpoints::readyz;
    if (path.front() == "metrics") endpoint = &Endpoints::metrics;
  }
  const auto* asset = endpoint == nullptr ? find_asset(path) : nullptr;
  if (endpoint == nullptr && asset == nullptr) {
    return problem(404, "nothing is at this path; here are /, /livez, /readyz, /metrics and /v1");
  }
  if (call.method != "GET" && call.method != "HEAD") {
    auto reply = problem(405, "this path is only read");
    reply.headers.emplace_back("Allow", "GET, HEAD");
    return reply;
  }
  return asset != nullptr ? asset_reply(*asset, call.if_none_match) : (this->*endpoint)();
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
