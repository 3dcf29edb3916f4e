#include "app/command_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <map>

#include "app/options/values.h"
#include "processor/group/json_scan.h"

namespace ebc::app {
namespace {

// Deeper than a collector takes by default, so that it is the collector that decides.
constexpr int kMaxDepth = 1'000;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the well-formed UTF-8 sequence at the start of `text`; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = byte(0);
  const std::size_t length = lead < 0x80                    ? 1
                             : lead >= 0xC2 && lead <= 0xDF ? 2
                             : (lead & 0xF0) == 0xE0        ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if (length == 3 && ((lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xED && byte(1) > 0x9F))) return 0;
  if (length == 4 && ((lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F))) return 0;
  return length;
}

Status fault(std::string message) { return {Verdict::Fatal, std::move(message)}; }

Result<std::string> policy_json(std::string_view policy) {
  for (const std::string_view name : {"all", "allSettled", "any", "race"}) {
    if (policy == name) return json_string(policy);
  }
  const auto colon = policy.find(':');
  const auto name = policy.substr(0, colon);
  if (colon != std::string_view::npos && (name == "quorum" || name == "tolerate")) {
    const auto count = parse_integer(policy.substr(colon + 1));
    if (!count.ok() || count.value() < 0)
      return fault(fmt::format("--policy: {} needs a number, like {}:2", name, name));
    return fmt::format("{{\"{}\":{}}}", name, count.value());
  }
  if (policy.starts_with('{') && check_json(policy).ok()) return std::string(policy);
  return fault(
      fmt::format("--policy: \"{}\" is unknown; choose all, allSettled, any, race, quorum:K or tolerate:N", policy));
}

// The ids as the elements of a JSON array.
std::string json_list(const std::vector<std::string>& ids) {
  std::string json;
  for (const auto& id : ids) json += (json.empty() ? "" : ",") + json_string(id);
  return json;
}

// Checked, and as a member of the event.
Result<std::string> ttl_member(const std::string& ttl) {
  group::JsonScanner scanner(ttl, 1);
  group::JsonValue value;
  if (!scanner.whole(value) || value.kind != group::JsonKind::Number || std::strtod(ttl.c_str(), nullptr) <= 0) {
    return fault(fmt::format("--ttl: \"{}\" is no number of seconds, like 30 or 1.5", ttl));
  }
  return fmt::format(",\"ttl\":{}", trim(ttl));
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    const auto length = utf8_length(text);
    if (length == 0) {
      out += kReplacement;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text.front();
    } else if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + '"';
}

Status check_json(std::string_view text) {
  if (!simdjson::validate_utf8(text.data(), text.size())) return fault("it is not UTF-8");
  group::JsonScanner scanner(text, kMaxDepth);
  group::JsonValue value;
  if (scanner.whole(value)) return {};
  return fault(scanner.fault() == group::JsonFault::TooDeep ? "it is nested too deep" : "it is malformed");
}

std::string one_line(std::string_view json) {
  std::string out(json.size() + simdjson::SIMDJSON_PADDING, '\0');
  std::size_t size = 0;
  if (simdjson::minify(json.data(), json.size(), out.data(), size)) return json_string(json);
  out.resize(size);
  return out;
}

Result<std::string> create_json(const CreateCommand& command) {
  std::string json = fmt::format("{{\"id\":{},\"type\":\"EventGroupCollectorCreate\",\"expected\":[{}]",
                                 json_string(command.group), json_list(command.expected));
  if (!command.ttl.empty()) {
    auto ttl = ttl_member(command.ttl);
    if (!ttl.ok()) return ttl.status();
    json += *ttl;
  }
  if (!command.policy.empty()) {
    auto policy = policy_json(command.policy);
    if (!policy.ok()) return policy.status();
    json += fmt::format(",\"policy\":{}", *policy);
  }
  if (!command.payload.empty()) {
    if (auto status = check_json(command.payload); !status.ok()) {
      return fault(fmt::format("--payload: no JSON ({}); texts need quotes, like '\"text\"'", status.message()));
    }
    json += fmt::format(",\"payload\":{}", command.payload);
  }
  return json + '}';
}

Result<std::string> done_json(std::string_view group, std::string_view entity, std::string_view result) {
  if (!result.empty()) {
    if (auto status = check_json(result); !status.ok()) {
      return fault(fmt::format("--result: no JSON ({}); texts need quotes, like '\"text\"'", status.message()));
    }
  }
  return fmt::format("{{\"id\":{},\"type\":\"EventGroupCollectorEntityDone\",\"group\":{},\"result\":{}}}",
                     json_string(entity), json_string(group), result.empty() ? "null" : result);
}

Result<std::string> update_json(const UpdateCommand& command) {
  if (command.add.empty() && command.ttl.empty() && !command.seal) {
    return fault("there is nothing to change; give --add, --ttl or --seal");
  }
  std::string json = fmt::format("{{\"type\":\"EventGroupCollectorUpdate\",\"group\":{}", json_string(command.group));
  if (!command.add.empty()) json += fmt::format(",\"add\":[{}]", json_list(command.add));
  if (!command.ttl.empty()) {
    auto ttl = ttl_member(command.ttl);
    if (!ttl.ok()) return ttl.status();
    json += *ttl;
  }
  if (command.seal) json += ",\"seal\":true";
  return json + '}';
}

std::string cancel_json(std::string_view group, std::string_view reason) {
  std::string json = fmt::format("{{\"type\":\"EventGroupCollectorCancel\",\"group\":{}", json_string(group));
  if (!reason.empty()) json += fmt::format(",\"reason\":{}", json_string(reason));
  return json + '}';
}

std::string fail_json(std::string_view group, std::string_view entity, std::string_view error) {
  return fmt::format("{{\"id\":{},\"type\":\"EventGroupCollectorEntityDone\",\"group\":{},\"error\":{}}}",
                     json_string(entity), json_string(group), json_string(error));
}

bool EventSummary::is_success() const { return type == "EventGroupCollectorSuccess"; }
bool EventSummary::is_outcome() const { return is_success() || type == "EventGroupCollectorFailure"; }

std::optional<EventSummary> summarize_event(std::string_view json) {
  if (!simdjson::validate_utf8(json.data(), json.size())) return std::nullopt;
  group::JsonScanner scanner(json, kMaxDepth);
  if (!scanner.begin_object()) return std::nullopt;
  EventSummary summary;
  const std::map<std::string_view, std::string*> texts{{"type", &summary.type},
                                                       {"id", &summary.id},
                                                       {"group", &summary.group},
                                                       {"entity", &summary.entity},
                                                       {"cause", &summary.cause}};
  group::JsonValue key, value;
  while (scanner.next_member(key, value)) {
    const auto name = key.inside();
    if (name == "error") summary.error = one_line(value.text);
    const auto wanted = texts.find(name);
    if (wanted == texts.end() || value.kind != group::JsonKind::String) continue;
    wanted->second->clear();
    if (!group::append_unescaped(value.inside(), *wanted->second)) return std::nullopt;
  }
  if (scanner.fault() != group::JsonFault::None || summary.type.empty()) return std::nullopt;
  return summary;
}

}  // namespace ebc::app
