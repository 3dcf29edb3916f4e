// get and ls: what the HTTP API of a running collector tells, for people or as JSON.
#include <fmt/format.h>

#include <boost/asio/io_context.hpp>

#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/http/json_pick.h"
#include "app/http/peer_client.h"
#include "app/http/target.h"
#include "app/log.h"
#include "app/options/settings.h"

namespace ebc::app {
namespace {

using Members = std::map<std::string, std::string_view>;

constexpr Duration kPatience{20'000};

/// One call; what went wrong is reported and gives an exit code.
class Server {
 public:
  Server(const CommandInput& input) : base_(input.options.text("server")), http_(http_settings(input)) {
    while (base_.ends_with('/')) base_.pop_back();
    std::string host;
    std::uint16_t port = 0;
    if (!base_.starts_with("http://") || !split_address(std::string_view(base_).substr(7), host, port)) {
      input.faults.push_back(
          fmt::format("{}: \"{}\" is no address; write http://HOST:PORT", input.options.where("server"), base_));
    }
  }

  std::optional<std::string> get(const std::string& target, int& exit_code) const {
    boost::asio::io_context io;
    PeerClient client(io, http_.token);
    Result<PeerReply> result{Status{Verdict::Retry, "no answer"}};
    client.get({.base = base_, .target = target, .timeout = kPatience, .hop = false},
               [&result](Result<PeerReply> reply) { result = std::move(reply); });
    io.run();
    if (!result.ok()) {
      exit_code = report_failure(kExitFailed, fmt::format("{}; is a collector running there, and is --server right?",
                                                          result.status().message()));
      return std::nullopt;
    }
    if (result->status == 200) return std::move(result->body);
    const auto problem = json_members(result->body);
    const auto detail = problem && problem->contains("detail") ? json_text(problem->at("detail")) : std::nullopt;
    exit_code = report_failure(kExitFailed, detail.value_or(fmt::format("{} answers {}", base_, result->status)));
    return std::nullopt;
  }

 private:
  static HttpSettings http_settings(const CommandInput& input) {
    return {.token = token_settings(input.options, input.faults)};
  }

  std::string base_;
  const HttpSettings http_;
};

std::string text_of(const Members& members, const std::string& name) {
  const auto found = members.find(name);
  if (found == members.end()) return {};
  return escape_controls(json_text(found->second).value_or(std::string(found->second)));
}

std::string ids_of(const Members& members, const std::string& name, std::size_t most) {
  const auto found = members.find(name);
  const auto ids = found == members.end() ? std::nullopt : json_elements(found->second);
  std::string out;
  for (std::size_t i = 0; ids && i < std::min(most, ids->size()); ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : ", ", escape_controls(json_text((*ids)[i]).value_or("")));
  }
  return out;
}

std::string waits_for(const Members& group, std::size_t most) {
  const auto count = text_of(group, "missingCount");
  const auto ids = ids_of(group, "missing", most);
  return fmt::format("{} of {}{}{}", count, text_of(group, "expectedCount"), ids.empty() ? "" : ": ", ids);
}

void print_group(const Members& group) {
  const auto line = [](std::string_view name, std::string_view value) {
    if (!value.empty()) fmt::print("{:<12}{}\n", name, value);
  };
  line("group", text_of(group, "id"));
  line("state", text_of(group, "state"));
  if (text_of(group, "state") == "open") line("waits for", waits_for(group, 20));
  for (const auto* name : {"cause", "entity", "error", "created", "deadline", "resolved", "policy", "labels", "results",
                           "errors", "outcome"}) {
    line(name, text_of(group, name));
  }
}

}  // namespace

int get_command(const CommandInput& input) {
  const Server server(input);
  if (input.positionals[0].empty()) input.faults.emplace_back("GROUP is missing; name the group, like: get order-1");
  if (!input.faults.empty()) return report_faults(input.faults);
  int code = kExitDone;
  const auto body = server.get("/v1/groups/" + percent_encode(input.positionals[0]), code);
  if (!body) return code;
  if (input.options.on("json")) {
    fmt::print("{}", *body);
  } else if (const auto group = json_members(*body)) {
    print_group(*group);
  }
  return kExitDone;
}

int ls_command(const CommandInput& input) {
  const Server server(input);
  if (!input.faults.empty()) return report_faults(input.faults);
  auto target = fmt::format("/v1/groups?state={}&order=deadline&limit={}", input.options.text("state"),
                            input.options.integer("limit"));
  if (const auto label = input.options.text("label"); !label.empty()) target += "&label=" + percent_encode(label);
  auto left = static_cast<std::size_t>(input.options.integer("limit"));
  std::string after;
  do {
    int code = kExitDone;
    const auto body = server.get(target + after, code);
    if (!body) return code;
    const auto page = json_members(*body);
    const auto groups = page ? json_elements(page->contains("groups") ? page->at("groups") : "") : std::nullopt;
    if (!groups) return report_failure(kExitFailed, "the answer can't be read");
    for (std::size_t i = 0; i < groups->size() && left > 0; ++i, --left) {
      if (input.options.on("json")) {
        fmt::print("{}\n", (*groups)[i]);
        continue;
      }
      const auto group = json_members((*groups)[i]).value_or(Members{});
      const bool open = text_of(group, "state") == "open";
      fmt::print("{}  {}  {}\n", text_of(group, open ? "deadline" : "resolved"), text_of(group, "id"),
                 open ? waits_for(group, 3) : fmt::format("{} {}", text_of(group, "state"), text_of(group, "error")));
    }
    if (page->contains("incomplete")) {
      fmt::print(stderr, "eb-collector: not all is here: {}\n", escape_controls(std::string(page->at("incomplete"))));
    }
    after = page->contains("next") ? "&after=" + json_text(page->at("next")).value_or("") : "";
  } while (!after.empty() && left > 0);
  return kExitDone;
}

}  // namespace ebc::app
