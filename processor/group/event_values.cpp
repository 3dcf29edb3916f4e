// The half of the parser that understands the value of a field.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "processor/group/event_json.h"

namespace ebc::group {
namespace {

/// A longer spelling of a ttl isn't kept; it is written anew.
constexpr std::size_t kSpelledMax = 64;

/// What a JSON number comes to; infinite when a double can't hold it.
double number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc::result_out_of_range) return number;
  // from_chars doesn't say which end of the range was passed.
  const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
  if (tiny) return text.front() == '-' ? -1e-300 : 1e-300;
  return text.front() == '-' ? -HUGE_VAL : HUGE_VAL;
}

}  // namespace

bool EventParser::wrong(std::string_view name, std::string_view must) {
  detail_ = fmt::format("{} must be {}", name, must);
  return false;
}

std::string& EventParser::spare_string() {
  if (unescaped_used_ == unescaped_.size()) unescaped_.emplace_back();
  std::string& text = unescaped_[unescaped_used_++];
  text.clear();
  return text;
}

bool EventParser::read_string(const JsonValue& value, std::string_view& out) {
  if (value.kind != JsonKind::String) return false;
  out = value.inside();
  if (!value.escaped) return true;
  std::string& text = spare_string();
  if (!append_unescaped(out, text)) return false;
  out = text;
  return true;
}

bool EventParser::is_id(const JsonValue& value, std::string_view& out) {
  return read_string(value, out) && !out.empty() && out.size() <= options_.max_id_bytes;
}

bool EventParser::read_id(const JsonValue& value, std::string_view name, std::string_view& out) {
  if (is_id(value, out)) return true;
  out = {};
  return wrong(name, fmt::format("a string of 1 to {} bytes", options_.max_id_bytes));
}

bool EventParser::read_ids(const JsonValue& value, std::string_view name, std::vector<std::string_view>& out) {
  out.clear();
  JsonScanner scanner{value.text, kDeepestJson};
  if (value.kind != JsonKind::Array || !scanner.begin_array()) return wrong(name, "an array of strings");
  JsonValue element;
  std::string_view id;
  while (scanner.next_element(element)) {
    if (!is_id(element, id)) {
      return wrong(name, fmt::format("an array of strings of 1 to {} bytes", options_.max_id_bytes));
    }
    out.push_back(id);
  }
  return true;
}

bool EventParser::read_ttl(std::optional<Ttl>& out) {
  out.reset();
  if (fields_.ttl.absent()) return true;
  if (fields_.ttl.kind != JsonKind::Number) return wrong("ttl", "a number of seconds");
  const double seconds = number_of(fields_.ttl.text);
  if (seconds <= 0) return true;
  const auto max_seconds = static_cast<double>(options_.max_ttl.count()) / 1000;
  if (seconds > max_seconds) return wrong("ttl", fmt::format("at most {} seconds", max_seconds));
  Ttl ttl;
  ttl.span = Duration{std::max<std::int64_t>(1, std::llround(seconds * 1000))};
  ttl.spelled = fields_.ttl.text;
  if (ttl.spelled.size() > kSpelledMax) {
    std::string& text = spare_string();
    fmt::format_to(std::back_inserter(text), "{}", seconds);
    ttl.spelled = text;
  }
  out = ttl;
  return true;
}

bool EventParser::read_flag(const JsonValue& value, std::string_view name, bool& out) {
  if (value.absent()) return true;
  if (value.kind != JsonKind::True && value.kind != JsonKind::False) return wrong(name, "true or false");
  out = value.kind == JsonKind::True;
  return true;
}

bool EventParser::read_text(const JsonValue& value, std::string_view name, Json& out) {
  out = {};
  if (value.absent()) return true;
  if (value.kind != JsonKind::String) return wrong(name, "a string");
  out = value.text;
  return true;
}

bool EventParser::read_limit(const JsonValue& value, std::uint64_t& out) {
  if (value.kind != JsonKind::Number) return false;
  const double number = number_of(value.text);
  // More than any group has entities, whatever it is exactly.
  constexpr double kMax = 1e15;
  if (number < 0 || number != std::floor(number)) return false;
  out = static_cast<std::uint64_t>(std::min(number, kMax));
  return true;
}

bool EventParser::read_members(const JsonValue& value, std::initializer_list<Wanted> wanted) {
  JsonScanner scanner{value.text, kDeepestJson};
  if (value.kind != JsonKind::Object || !scanner.begin_object()) return false;
  JsonValue key;
  JsonValue member;
  while (scanner.next_member(key, member)) {
    std::string_view name;
    if (!read_string(key, name)) continue;
    for (const auto& [wanted_name, out] : wanted) {
      if (name == wanted_name) *out = member;
    }
  }
  return true;
}

bool EventParser::read_policy() {
  constexpr std::string_view kMust =
      R"(all, allSettled, any, race, {"quorum": k} or {"tolerate": n}, with k and n whole numbers from 0)";
  Policy& policy = event_.create.policy;
  policy = Policy::all();
  const JsonValue& value = fields_.policy;
  if (value.absent()) return true;
  if (std::string_view name; read_string(value, name)) {
    if (name == "all") return true;
    if (name == "allSettled") return policy = Policy::all_settled(), true;
    if (name == "any") return policy = Policy::any(), true;
    if (name == "race") return policy = Policy::race(), true;
    return wrong("policy", kMust);
  }
  JsonValue quorum;
  JsonValue tolerate;
  if (!read_members(value, {{"quorum", &quorum}, {"tolerate", &tolerate}})) return wrong("policy", kMust);
  if (quorum.absent() == tolerate.absent()) return wrong("policy", kMust);
  std::uint64_t limit = 0;
  if (!read_limit(quorum.absent() ? tolerate : quorum, limit)) return wrong("policy", kMust);
  policy = quorum.absent() ? Policy::tolerate(limit) : Policy::quorum(limit);
  return true;
}

bool EventParser::read_target(const JsonValue& value, HandlerTarget& out) {
  out = {};
  if (value.absent()) return true;
  JsonValue payload;
  JsonValue topic;
  if (!read_members(value, {{"payload", &payload}, {"topic", &topic}})) return false;
  out.payload = payload.text;
  return read_string(topic, out.topic) && !out.topic.empty();
}

bool EventParser::read_handler() {
  constexpr std::string_view kMust = R"({"onsuccess": {"topic", "payload"}, "onfailure": {...}}, topic a string)";
  event_.create.on_success = event_.create.on_failure = {};
  const JsonValue& value = fields_.handler;
  if (value.absent()) return true;
  JsonValue on_success;
  JsonValue on_failure;
  if (!read_members(value, {{"onsuccess", &on_success}, {"onfailure", &on_failure}})) return wrong("handler", kMust);
  return (read_target(on_success, event_.create.on_success) && read_target(on_failure, event_.create.on_failure)) ||
         wrong("handler", kMust);
}

bool EventParser::read_parent() {
  Parent& parent = event_.create.parent;
  parent = {};
  const JsonValue& value = fields_.parent;
  if (value.absent()) return true;
  JsonValue group;
  JsonValue entity;
  if (!read_members(value, {{"group", &group}, {"entity", &entity}})) return wrong("parent", R"({"group", "entity"})");
  if (read_id(group, "group of parent", parent.group) && read_id(entity, "entity of parent", parent.entity))
    return true;
  parent = {};
  return false;
}

bool EventParser::read_labels() {
  event_.create.labels = {};
  const JsonValue& value = fields_.labels;
  if (value.absent()) return true;
  JsonScanner scanner{value.text, kDeepestJson};
  bool fine = value.kind == JsonKind::Object && scanner.begin_object();
  JsonValue key;
  JsonValue label;
  std::size_t count = 0;
  while (fine && scanner.next_member(key, label))
    fine = label.kind == JsonKind::String && ++count <= options_.max_labels;
  if (!fine) return wrong("labels", fmt::format("an object of at most {} strings", options_.max_labels));
  event_.create.labels = value.text;
  return true;
}

}  // namespace ebc::group
