#include "tests/broker/outcome.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace ebc::broker_test {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

std::string canonical(const element& value) {
  if (value.type() == element_type::OBJECT) {
    std::map<std::string_view, std::string> fields;
    for (const auto& field : simdjson::dom::object(value)) fields[field.key] = canonical(field.value);
    std::string text;
    for (const auto& [name, field] : fields) {
      text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, field);
    }
    return "{" + text + "}";
  }
  if (value.type() == element_type::ARRAY) {
    std::string text;
    for (const auto& item : simdjson::dom::array(value)) text += (text.empty() ? "" : ",") + canonical(item);
    return "[" + text + "]";
  }
  return simdjson::minify(value);
}

std::string text_of(const element& object, std::string_view name) {
  std::string_view text;
  return object[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

std::string value_of(const element& object, std::string_view name) {
  element value;
  return object[name].get(value) == simdjson::SUCCESS ? canonical(value) : std::string();
}

std::int64_t time_of(const element& object, std::string_view name, std::string& malformed) {
  const auto text = text_of(object, name);
  const auto time = parse_timestamp(text);
  if (!time) malformed += fmt::format("{} is \"{}\"; ", name, text);
  return time.value_or(0);
}

// Sorted by the bytes of the ids; the order in the text is part of the contract.
void read_results(const element& object, Outcome& outcome) {
  simdjson::dom::object results;
  if (object["results"].get(results) != simdjson::SUCCESS) {
    outcome.malformed += "no object results; ";
    return;
  }
  std::string last;
  for (const auto& field : results) {
    if (!outcome.results.empty() && field.key <= last) outcome.malformed += "results aren't sorted; ";
    last = std::string(field.key);
    outcome.results[last] = canonical(field.value);
  }
}

}  // namespace

std::string canonical_json(std::string_view json) {
  simdjson::dom::parser parser;
  element value;
  if (const auto error = parser.parse(json.data(), json.size()).get(value); error != simdjson::SUCCESS) {
    throw std::runtime_error(fmt::format("{}: {}", simdjson::error_message(error), json));
  }
  return canonical(value);
}

std::map<std::string, std::string> json_fields(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (const auto error = parser.parse(json.data(), json.size()).get(object); error != simdjson::SUCCESS) {
    throw std::runtime_error(fmt::format("{}: {}", simdjson::error_message(error), json));
  }
  std::map<std::string, std::string> fields;
  for (const auto& field : object) fields[std::string(field.key)] = canonical(field.value);
  return fields;
}

std::optional<Outcome> parse_outcome(std::string_view value) {
  thread_local simdjson::dom::parser parser;
  element object;
  if (parser.parse(value.data(), value.size()).get(object) != simdjson::SUCCESS || !object.is_object()) {
    return std::nullopt;
  }
  const auto type = text_of(object, "type");
  if (type != "EventGroupCollectorSuccess" && type != "EventGroupCollectorFailure") return std::nullopt;

  Outcome outcome;
  outcome.success = type == "EventGroupCollectorSuccess";
  outcome.id = text_of(object, "id");
  outcome.entity = text_of(object, "entity");
  outcome.cause = text_of(object, "cause");
  outcome.origin = text_of(object, "origin");
  outcome.error = value_of(object, "error");
  outcome.payload = value_of(object, "payload");
  outcome.created_ms = time_of(object, "created", outcome.malformed);
  outcome.resolved_ms = time_of(object, "resolved", outcome.malformed);
  read_results(object, outcome);
  simdjson::dom::array missing;
  if (object["missing"].get(missing) == simdjson::SUCCESS) {
    for (const auto& id : missing) outcome.missing.push_back(id.is_string() ? std::string(id) : simdjson::minify(id));
  }
  if (object["missingCount"].get(outcome.missing_count) != simdjson::SUCCESS) outcome.missing_count = 0;
  if (outcome.payload.empty()) outcome.malformed += "no payload; ";
  if (outcome.origin.empty()) outcome.malformed += "no origin; ";
  if (outcome.success && (!outcome.error.empty() || !outcome.cause.empty()))
    outcome.malformed += "a Success with an error; ";
  return outcome;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  int year = 0, hour = 0, minute = 0, second = 0, ms = 0;
  unsigned month = 0, day = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d.%3dZ", &year, &month, &day, &hour, &minute, &second, &ms) !=
      7) {
    return std::nullopt;
  }
  // sscanf is lenient about blanks and missing digits: the same time, spelled out, must be the same text.
  if (fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, month, day, hour, minute, second, ms) != text) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                    std::chrono::seconds(second) + std::chrono::milliseconds(ms);
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace ebc::broker_test
