#include "processor/group/event_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace ebc::group {
namespace {

constexpr std::string_view kPrefix = "EventGroupCollector";
/// A longer spelling of a ttl isn't kept; it is written anew.
constexpr std::size_t kSpelledMax = 64;
/// What is nested in a text that was scanned before can't be deeper than any option allows.
constexpr int kDeepest = 1024;

bool absent(const JsonValue& value) { return value.text.empty() || value.kind == JsonKind::Null; }

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

/// Our own outcomes as this program writes them: told apart without reading them, for there may be many on a shared
/// topic and they may be long.
bool looks_like_outcome(std::string_view value) {
  return value.starts_with(R"({"type":"EventGroupCollectorSuccess",)") ||
         value.starts_with(R"({"type":"EventGroupCollectorFailure",)");
}

}  // namespace

CollectorOptions without_limits(CollectorOptions options) {
  options.max_message_bytes = std::numeric_limits<std::size_t>::max();
  options.max_id_bytes = std::numeric_limits<std::size_t>::max();
  options.max_entities = std::numeric_limits<std::size_t>::max();
  options.max_depth = kDeepest;
  options.max_ttl = std::max(options.max_ttl, Duration{std::chrono::days{36'500}});
  return options;
}

Finding EventParser::refuse(Reason reason, std::string_view detail) {
  reason_ = reason;
  detail_.assign(detail);
  return Finding::Invalid;
}

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

Finding EventParser::parse(std::string_view value) {
  event_.group = {};
  untyped_ = false;
  if (looks_like_outcome(value)) return Finding::Outcome;
  if (value.size() > options_.max_message_bytes) {
    return refuse(Reason::TooLarge,
                  fmt::format("{} bytes; at most {} are read", value.size(), options_.max_message_bytes));
  }
  // A rare long event with many escapes must not hold its memory for ever.
  constexpr std::size_t kSparesKept = 64;
  if (unescaped_.size() > kSparesKept) unescaped_.resize(kSparesKept);
  unescaped_used_ = 0;

  if (!read_fields(value)) return Finding::Invalid;
  std::string_view type;
  if (fields_.type.kind != JsonKind::String || !read_string(fields_.type, type)) {
    untyped_ = true;
    return refuse(Reason::NoType, "the object has no string field type");
  }
  return commands(type);
}

Finding EventParser::commands(std::string_view type) {
  if (!type.starts_with(kPrefix)) return Finding::Foreign;
  const std::string_view name = type.substr(kPrefix.size());
  if (name == "EntityDone") return parse_done();
  if (name == "Create") return parse_create();
  if (name == "Update") return parse_update();
  if (name == "Cancel") return parse_cancel();
  if (name == "Success" || name == "Failure") return Finding::Outcome;
  return refuse(Reason::UnknownType, fmt::format("type {} is not known", type.substr(0, 100)));
}

bool EventParser::read_fields(std::string_view value) {
  fields_ = {};
  const auto not_json = [this](std::string_view detail) {
    untyped_ = true;
    refuse(Reason::NotJson, detail);
    return false;
  };
  if (!simdjson::validate_utf8(value.data(), value.size())) return not_json("the value is not valid UTF-8");

  JsonScanner scanner{value, options_.max_depth};
  if (scanner.begin_object()) {
    JsonValue key;
    JsonValue member;
    std::string& name = spare_string();
    while (scanner.next_member(key, member)) {
      std::string_view plain = key.inside();
      if (key.escaped) {
        name.clear();
        if (!append_unescaped(plain, name)) continue;
        plain = name;
      }
      if (JsonValue* known = field(fields_, plain)) *known = member;
    }
    if (scanner.fault() == JsonFault::None) return true;
  } else {
    JsonValue any;
    if (scanner.whole(any)) {
      untyped_ = true;
      refuse(Reason::NoType, "the value is JSON, but not an object");
      return false;
    }
  }
  if (scanner.fault() == JsonFault::Malformed) return not_json("the value is not valid JSON");
  refuse(Reason::TooDeep, fmt::format("JSON nested deeper than {} levels", options_.max_depth));
  return false;
}

JsonValue* EventParser::field(Fields& fields, std::string_view name) {
  switch (name.size()) {
    case 2:
      return name == "id" ? &fields.id : nullptr;
    case 3:
      return name == "ttl" ? &fields.ttl : name == "add" ? &fields.add : nullptr;
    case 4:
      return name == "type" ? &fields.type : name == "seal" ? &fields.seal : nullptr;
    case 5:
      return name == "group" ? &fields.group : name == "error" ? &fields.error : nullptr;
    case 6:
      return name == "result"   ? &fields.result
             : name == "policy" ? &fields.policy
             : name == "sealed" ? &fields.sealed
             : name == "parent" ? &fields.parent
             : name == "labels" ? &fields.labels
             : name == "sender" ? &fields.sender
             : name == "reason" ? &fields.reason
                                : nullptr;
    case 7:
      return name == "payload" ? &fields.payload : name == "handler" ? &fields.handler : nullptr;
    case 8:
      return name == "expected" ? &fields.expected : nullptr;
    case 11:
      return name == "description" ? &fields.description : nullptr;
    default:
      return nullptr;
  }
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
  JsonScanner scanner{value.text, kDeepest};
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
  if (absent(fields_.ttl)) return true;
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
  if (absent(value)) return true;
  if (value.kind != JsonKind::True && value.kind != JsonKind::False) return wrong(name, "true or false");
  out = value.kind == JsonKind::True;
  return true;
}

bool EventParser::read_text(const JsonValue& value, std::string_view name, Json& out) {
  out = {};
  if (absent(value)) return true;
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

bool EventParser::read_policy() {
  constexpr std::string_view kMust =
      R"(all, allSettled, any, race, {"quorum": k} or {"tolerate": n}, with k and n whole numbers from 0)";
  Policy& policy = event_.create.policy;
  policy = Policy::all();
  const JsonValue& value = fields_.policy;
  if (absent(value)) return true;
  if (std::string_view name; read_string(value, name)) {
    if (name == "all") return true;
    if (name == "allSettled") return policy = Policy::all_settled(), true;
    if (name == "any") return policy = Policy::any(), true;
    if (name == "race") return policy = Policy::race(), true;
    return wrong("policy", kMust);
  }
  JsonScanner scanner{value.text, kDeepest};
  if (value.kind != JsonKind::Object || !scanner.begin_object()) return wrong("policy", kMust);
  JsonValue key;
  JsonValue member;
  JsonValue quorum;
  JsonValue tolerate;
  while (scanner.next_member(key, member)) {
    std::string_view name;
    if (!read_string(key, name)) continue;
    if (name == "quorum") quorum = member;
    if (name == "tolerate") tolerate = member;
  }
  if (absent(quorum) == absent(tolerate)) return wrong("policy", kMust);
  std::uint64_t limit = 0;
  if (!read_limit(absent(quorum) ? tolerate : quorum, limit)) return wrong("policy", kMust);
  policy = absent(quorum) ? Policy::tolerate(limit) : Policy::quorum(limit);
  return true;
}

bool EventParser::read_target(const JsonValue& value, HandlerTarget& out) {
  out = {};
  if (absent(value)) return true;
  JsonScanner scanner{value.text, kDeepest};
  if (value.kind != JsonKind::Object || !scanner.begin_object()) return false;
  JsonValue key;
  JsonValue member;
  JsonValue topic;
  while (scanner.next_member(key, member)) {
    std::string_view name;
    if (!read_string(key, name)) continue;
    if (name == "payload") out.payload = member.text;
    if (name == "topic") topic = member;
  }
  return read_string(topic, out.topic) && !out.topic.empty();
}

bool EventParser::read_handler() {
  constexpr std::string_view kMust = R"({"onsuccess": {"topic", "payload"}, "onfailure": {...}}, topic a string)";
  event_.create.on_success = event_.create.on_failure = {};
  const JsonValue& value = fields_.handler;
  if (absent(value)) return true;
  JsonScanner scanner{value.text, kDeepest};
  if (value.kind != JsonKind::Object || !scanner.begin_object()) return wrong("handler", kMust);
  JsonValue key;
  JsonValue member;
  JsonValue on_success;
  JsonValue on_failure;
  while (scanner.next_member(key, member)) {
    std::string_view name;
    if (!read_string(key, name)) continue;
    if (name == "onsuccess") on_success = member;
    if (name == "onfailure") on_failure = member;
  }
  return (read_target(on_success, event_.create.on_success) && read_target(on_failure, event_.create.on_failure)) ||
         wrong("handler", kMust);
}

bool EventParser::read_parent() {
  Parent& parent = event_.create.parent;
  parent = {};
  const JsonValue& value = fields_.parent;
  if (absent(value)) return true;
  JsonScanner scanner{value.text, kDeepest};
  if (value.kind != JsonKind::Object || !scanner.begin_object()) return wrong("parent", R"({"group", "entity"})");
  JsonValue key;
  JsonValue member;
  JsonValue group;
  JsonValue entity;
  while (scanner.next_member(key, member)) {
    std::string_view name;
    if (!read_string(key, name)) continue;
    if (name == "group") group = member;
    if (name == "entity") entity = member;
  }
  if (read_id(group, "group of parent", parent.group) && read_id(entity, "entity of parent", parent.entity))
    return true;
  parent = {};
  return false;
}

bool EventParser::read_labels() {
  event_.create.labels = {};
  const JsonValue& value = fields_.labels;
  if (absent(value)) return true;
  JsonScanner scanner{value.text, kDeepest};
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

Finding EventParser::parse_create() {
  Create& create = event_.create;
  event_.kind = CommandKind::Create;
  reason_ = Reason::InvalidCreate;
  // Nothing may be left of the Create before: of an invalid one, only some fields are read.
  create.expected.clear();
  create.ttl.reset();
  create.policy = Policy::all();
  create.sealed = true;
  create.on_success = create.on_failure = {};
  create.parent = {};
  create.labels = create.sender = create.description = {};
  create.payload = fields_.payload.text;
  const bool fine = read_id(fields_.id, "id", event_.group) &&
                    read_ids(fields_.expected, "expected", create.expected) && read_ttl(create.ttl) && read_policy() &&
                    read_flag(fields_.sealed, "sealed", create.sealed) && read_handler() && read_parent() &&
                    read_labels() && read_text(fields_.sender, "sender", create.sender) &&
                    read_text(fields_.description, "description", create.description);
  if (!fine) {
    // The Failure of an invalid Create still goes to its parent, where that can be read.
    std::string first_fault = std::move(detail_);
    read_parent();
    detail_ = std::move(first_fault);
    return Finding::Invalid;
  }
  if (create.expected.size() > options_.max_entities) {
    // Repeats count once, so only now they are looked for.
    std::sort(create.expected.begin(), create.expected.end());
    create.expected.erase(std::unique(create.expected.begin(), create.expected.end()), create.expected.end());
    if (create.expected.size() > options_.max_entities) {
      wrong("expected", fmt::format("at most {} ids", options_.max_entities));
      return Finding::Invalid;
    }
  }
  return Finding::Command;
}

Finding EventParser::parse_done() {
  EntityDone& done = event_.done;
  event_.kind = CommandKind::EntityDone;
  reason_ = Reason::InvalidDone;
  if (!read_id(fields_.group, "group", event_.group) || !read_id(fields_.id, "id", done.entity))
    return Finding::Invalid;
  const JsonValue& error = fields_.error;
  const bool failed = !absent(error) && error.kind != JsonKind::False && error.text != R"("")";
  done.error = failed ? error.text : Json{};
  done.result = fields_.result.text.empty() ? Json{"null"} : fields_.result.text;
  return Finding::Command;
}

Finding EventParser::parse_update() {
  Update& update = event_.update;
  event_.kind = CommandKind::Update;
  reason_ = Reason::InvalidUpdate;
  update.add.clear();
  update.seal = false;
  if (!read_id(fields_.group, "group", event_.group) ||
      (!absent(fields_.add) && !read_ids(fields_.add, "add", update.add)) || !read_ttl(update.ttl) ||
      !read_flag(fields_.seal, "seal", update.seal)) {
    return Finding::Invalid;
  }
  if (absent(fields_.add) && absent(fields_.ttl) && absent(fields_.seal)) {
    return refuse(Reason::InvalidUpdate, "none of add, ttl and seal is given");
  }
  // A ttl that is no positive number means the default, as in a Create.
  if (!absent(fields_.ttl) && !update.ttl) update.ttl = Ttl{options_.default_ttl, {}};
  return Finding::Command;
}

Finding EventParser::parse_cancel() {
  event_.kind = CommandKind::Cancel;
  reason_ = Reason::InvalidCancel;
  if (!read_id(fields_.group, "group", event_.group) || !read_text(fields_.reason, "reason", event_.cancel.reason)) {
    return Finding::Invalid;
  }
  if (event_.cancel.reason == R"("")") event_.cancel.reason = {};
  return Finding::Command;
}

}  // namespace ebc::group
