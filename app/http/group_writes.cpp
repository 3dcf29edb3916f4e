#include "app/http/group_writes.h"

#include <fmt/format.h>

#include "app/command_json.h"
#include "app/group_id.h"
#include "app/http/json_pick.h"
#include "processor/group/event_json.h"

namespace ebc::app {
namespace {

constexpr std::size_t kTraceBytes = 512;

bool is_json(std::string_view content_type) {
  std::string type;
  for (const char c : content_type.substr(0, content_type.find(';'))) {
    if (c != ' ' && c != '\t') type += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return type == "application/json";
}

/// The fields of the body behind those that the path decides; the body may not name these itself. nullopt with the
/// refusal in `wrong`.
std::optional<std::string> event_of(const std::string& fixed, std::initializer_list<const char*> decided,
                                    const HttpCall& call, std::optional<HttpReply>& wrong) {
  if (call.has_body && !is_json(call.content_type)) {
    wrong = problem(415, "the body must be JSON, with Content-Type: application/json");
    return std::nullopt;
  }
  const auto fields = json_members(call.body.empty() ? std::string_view("{}") : std::string_view(call.body));
  if (!fields || !check_json(call.body.empty() ? "{}" : call.body).ok()) {
    wrong = problem(400, "the body must be a JSON object");
    return std::nullopt;
  }
  for (const auto name : decided) {
    if (fields->contains(name)) {
      wrong = problem(400, fmt::format("\"{}\" is given by the path, not by the body", name));
      return std::nullopt;
    }
  }
  // The text of each field stays what it was: numbers, escapes and the order of keys are the caller's.
  std::string event = "{" + fixed;
  for (const auto& [name, value] : *fields) event += fmt::format(",{}:{}", json_string(name), value);
  return event + '}';
}

KafkaSender::Headers trace_of(const HttpCall& call) {
  KafkaSender::Headers headers;
  const auto printable = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  };
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty() && value.size() <= kTraceBytes && printable(value)) headers.emplace_back(name, value);
  };
  add("traceparent", call.traceparent);
  if (!headers.empty()) add("tracestate", call.tracestate);
  return headers;
}

}  // namespace

std::optional<HttpReply> GroupWrites::check(const std::string& event) const {
  group::EventParser parser(options_);
  if (parser.parse(event) == group::Finding::Command) return std::nullopt;
  if (parser.reason() == group::Reason::TooLarge) return problem(413, parser.detail());
  return problem(400, fmt::format("{}: {}", group::name_of(parser.reason()), parser.detail()));
}

void GroupWrites::create(const HttpCall& call, const ExchangePtr& exchange) {
  const auto fields = json_members(call.body);
  std::string id;
  std::string fixed = R"("type":"EventGroupCollectorCreate")";
  if (!call.has_body) return exchange->send(problem(400, "a group needs a body with at least \"expected\""));
  if (fields && fields->contains("id")) {
    // Left in the body; what it is, the check of the whole event says.
    id = json_text(fields->at("id")).value_or("");
  } else {
    id = make_group_id();
    fixed += fmt::format(",\"id\":{}", json_string(id));
  }
  std::optional<HttpReply> wrong;
  const auto event = event_of(fixed, {"type"}, call, wrong);
  if (!wrong && event) wrong = check(*event);
  if (wrong) return exchange->send(std::move(*wrong));
  send(id, *event, call, exchange, true);
}

void GroupWrites::settle(const std::string& group, const std::string& entity, const HttpCall& call,
                         const ExchangePtr& exchange) {
  if (!call.has_body)
    return exchange->send(problem(400, "a JSON object is wanted: {\"result\":…} or {\"error\":…}, or {}"));
  std::optional<HttpReply> wrong;
  const auto fixed = fmt::format(R"("type":"EventGroupCollectorEntityDone","group":{},"id":{})", json_string(group),
                                 json_string(entity));
  const auto event = event_of(fixed, {"type", "group", "id"}, call, wrong);
  if (!wrong && event) wrong = check(*event);
  if (wrong) return exchange->send(std::move(*wrong));
  send(group, *event, call, exchange, false);
}

void GroupWrites::update(const std::string& group, const HttpCall& call, const ExchangePtr& exchange) {
  if (!call.has_body) return exchange->send(problem(400, "a JSON object is wanted, with any of add, ttl and seal"));
  std::optional<HttpReply> wrong;
  const auto fixed = fmt::format(R"("type":"EventGroupCollectorUpdate","group":{})", json_string(group));
  const auto event = event_of(fixed, {"type", "group", "id"}, call, wrong);
  if (!wrong && event) wrong = check(*event);
  if (wrong) return exchange->send(std::move(*wrong));
  send(group, *event, call, exchange, false);
}

void GroupWrites::cancel(const std::string& group, const Target& target, const HttpCall& call,
                         const ExchangePtr& exchange) {
  std::optional<HttpReply> wrong;
  auto fixed = fmt::format(R"("type":"EventGroupCollectorCancel","group":{})", json_string(group));
  const auto reason = target.parameter("reason");
  if (!reason.empty()) fixed += fmt::format(R"(,"reason":{})", json_string(reason));
  const auto event = reason.empty() ? event_of(fixed, {"type", "group", "id"}, call, wrong)
                                    : event_of(fixed, {"type", "group", "id", "reason"}, call, wrong);
  if (!wrong && event) wrong = check(*event);
  if (wrong) return exchange->send(std::move(*wrong));
  send(group, *event, call, exchange, false);
}

void GroupWrites::send(const std::string& group, const std::string& event, const HttpCall& call,
                       const ExchangePtr& exchange, bool location) {
  sender_.send(group, event, trace_of(call), [exchange, group, location](Result<SentTo> sent) {
    if (!sent.ok()) {
      return exchange->send(sent.status().verdict() == Verdict::Retry ? unavailable(sent.status().message())
                                                                      : problem(502, sent.status().message()));
    }
    auto reply = json_reply(
        fmt::format(R"({{"id":{},"partition":{},"offset":{}}})", json_string(group), sent->partition, sent->offset));
    reply.status = 202;
    if (location) reply.headers.emplace_back("Location", "/v1/groups/" + percent_encode(group));
    exchange->send(std::move(reply));
  });
}

}  // namespace ebc::app
