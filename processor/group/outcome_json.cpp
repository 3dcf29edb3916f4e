#include "processor/group/outcome_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "processor/group/json_scan.h"
#include "processor/group/rfc3339.h"

namespace ebc::group {
namespace {

void add_name(std::string& list, std::string_view id) {
  if (!list.empty()) list.push_back(',');
  append_quoted(id, list);
}

void append_number(std::int64_t number, std::string& out) {
  const fmt::format_int text(number);
  out.append(text.data(), text.size());
}

void append_time(std::string_view name, Timestamp time, std::string& out) {
  out.append(name);
  append_rfc3339(time, out);
  out.push_back('"');
}

/// `field`: a comma, the name and a colon.
void append_json(std::string_view field, Json value, std::string& out) {
  if (!value.empty()) out.append(field).append(value);
}

void append_origin(const Origin& origin, std::string& out) {
  out.append(R"(,"origin":)");
  append_quoted(origin.topic, out);
  out.back() = '/';
  append_number(origin.partition, out);
  out.push_back('/');
  append_number(origin.offset, out);
  out.push_back('"');
}

}  // namespace

void EntityLists::reset(std::size_t max_missing) {
  constexpr std::size_t kKept = std::size_t{1} << 20;
  for (std::string* list : {&results_, &errors_, &missing_}) {
    list->clear();
    if (list->capacity() > kKept) list->shrink_to_fit();
  }
  missing_ends_.clear();
  max_missing_ = max_missing;
  missing_count_ = 0;
}

void EntityLists::add(std::string_view id, EntityState state, Json value) {
  switch (state) {
    case EntityState::Unexpected:
      return;
    case EntityState::Awaited:
      if (missing_count_++ < max_missing_) {
        add_name(missing_, id);
        missing_ends_.push_back(missing_.size());
      }
      return;
    case EntityState::Result:
      add_name(results_, id);
      results_.append(":").append(value);
      return;
    case EntityState::Error:
      add_name(results_, id);
      results_.append(":null");
      add_name(errors_, id);
      errors_.append(":").append(value);
      return;
  }
}

std::string_view EntityLists::missing(std::size_t max_bytes) const {
  const auto beyond = std::upper_bound(missing_ends_.begin(), missing_ends_.end(), max_bytes);
  return std::string_view{missing_}.substr(0, beyond == missing_ends_.begin() ? 0 : *(beyond - 1));
}

void encode_outcome(const Outcome& outcome, std::string& out) {
  const Resolution& end = outcome.resolution;
  const bool success = !end.cause;
  const bool bare = end.cause == Cause::TooLarge || end.cause == Cause::Invalid;
  out.clear();
  out.append(success ? R"({"type":"EventGroupCollectorSuccess","id":)"
                     : R"({"type":"EventGroupCollectorFailure","id":)");
  append_quoted(outcome.id, out);
  if (!success) {
    out.append(R"(,"entity":)");
    append_quoted(end.entity.empty() ? outcome.id : end.entity, out);
    append_json(R"(,"error":)", end.error, out);
    out.append(R"(,"cause":")").append(cause_name(*end.cause)).push_back('"');
  }
  append_time(R"(,"created":")", outcome.created, out);
  append_time(R"(,"resolved":")", end.resolved, out);
  out.append(R"(,"results":{)");
  if (!bare) out.append(outcome.lists.results());
  out.append(R"(},"payload":)").append(outcome.payload_dropped ? std::string_view{"null"} : outcome.envelope.payload);
  append_origin(outcome.origin, out);
  if (outcome.with_errors && !bare && !outcome.lists.errors().empty()) {
    out.append(R"(,"errors":{)").append(outcome.lists.errors()).push_back('}');
  }
  append_json(R"(,"labels":)", outcome.envelope.labels, out);
  append_json(R"(,"sender":)", outcome.envelope.sender, out);
  append_json(R"(,"description":)", outcome.envelope.description, out);
  if (outcome.payload_dropped) out.append(R"(,"payloadDropped":true)");
  if (end.cause == Cause::Timeout) {
    constexpr std::size_t kFrame = 64;
    const std::size_t room = outcome.max_bytes > out.size() + kFrame ? outcome.max_bytes - out.size() - kFrame : 0;
    out.append(R"(,"missing":[)").append(outcome.lists.missing(room)).append(R"(],"missingCount":)");
    append_number(static_cast<std::int64_t>(outcome.lists.missing_count()), out);
  }
  out.push_back('}');
}

void encode_parent_done(const Outcome& outcome, std::string& out) {
  out.assign(R"({"type":"EventGroupCollectorEntityDone","id":)");
  append_quoted(outcome.envelope.parent_entity, out);
  out.append(R"(,"group":)");
  append_quoted(outcome.envelope.parent_group, out);
  if (outcome.resolution.cause) {
    append_json(R"(,"error":)", outcome.resolution.error, out);
  } else {
    out.append(R"(,"result":{)").append(outcome.lists.results()).push_back('}');
  }
  out.push_back('}');
}

}  // namespace ebc::group
