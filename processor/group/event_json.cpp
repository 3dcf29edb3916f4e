#include "processor/group/event_json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

namespace ebc::group {
namespace {

constexpr std::string_view kPrefix = "EventGroupCollector";

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
  options.max_depth = kDeepestJson;
  options.max_ttl = std::max(options.max_ttl, Duration{std::chrono::days{36'500}});
  return options;
}

Finding EventParser::refuse(Reason reason, std::string_view detail) {
  reason_ = reason;
  detail_.assign(detail);
  return Finding::Invalid;
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
  const bool failed = !error.absent() && error.kind != JsonKind::False && error.text != R"("")";
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
      (!fields_.add.absent() && !read_ids(fields_.add, "add", update.add)) || !read_ttl(update.ttl) ||
      !read_flag(fields_.seal, "seal", update.seal)) {
    return Finding::Invalid;
  }
  if (fields_.add.absent() && fields_.ttl.absent() && fields_.seal.absent()) {
    return refuse(Reason::InvalidUpdate, "none of add, ttl and seal is given");
  }
  // A ttl that is no positive number means the default, as in a Create.
  if (!fields_.ttl.absent() && !update.ttl) update.ttl = Ttl{options_.default_ttl, {}};
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
