#include "app/http/config_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/command_json.h"

namespace ebc::app {
namespace {

std::string list_json(const std::vector<OptionInForce>& options) {
  std::string out;
  for (const auto& option : options) {
    out += fmt::format(R"({}{{"name":{},"value":{},"source":{},"hidden":{}}})", out.empty() ? "" : ",",
                       json_string(option.name), option.value ? json_string(*option.value) : "null",
                       json_string(option.source), option.hidden);
  }
  return fmt::format("[{}]", out);
}

}  // namespace

ConfigView::ConfigView(const ApiParts& parts, const OptionsInForce& options)
    : parts_(parts),
      options_(fmt::format(R"("options":{},"kafka":{})", list_json(options.options), list_json(options.kafka))) {}

HttpReply ConfigView::own(const std::vector<Member>& members) const {
  const auto self = std::ranges::find_if(members, &Member::self);
  return json_reply(fmt::format(R"({{"instance":{},"version":"{}",{}}})",
                                self == members.end() ? "null" : json_string(self->id), EBC_VERSION, options_));
}

void ConfigView::config(const Target& target, const HttpCall& call, const ExchangePtr& exchange) const {
  const auto members = parts_.placement.members();
  const auto wanted = target.parameter("instance");
  if (call.hop || wanted.empty()) return exchange->send(own(members));
  const auto named = std::ranges::find(members, wanted, &Member::id);
  if (named == members.end()) {
    return exchange->send(
        problem(404, fmt::format("no live instance is named {}; /v1/instances tells which there are", wanted)));
  }
  if (named->self) return exchange->send(own(members));
  if (named->http.empty()) return exchange->send(unavailable(fmt::format("instance {} serves no HTTP", wanted)));
  parts_.peers.get({named->http, "/v1/config"},
                   [exchange](Result<PeerReply> result) { exchange->send(passed_on(std::move(result))); });
}

}  // namespace ebc::app
