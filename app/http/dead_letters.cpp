#include "app/http/dead_letters.h"

#include <fmt/format.h>

#include "app/command_json.h"
#include "app/options/values.h"
#include "processor/group/rfc3339.h"

namespace ebc::app {
namespace {

std::string text_or_null(const std::optional<std::string>& text) { return text ? json_string(*text) : "null"; }

std::string record_json(const TailRecord& record) {
  std::string reason, detail, topic, partition, offset;
  for (const auto& [name, value] : record.headers) {
    if (name == "dlq.reason") reason = value;
    if (name == "dlq.detail") detail = value;
    if (name == "dlq.topic") topic = value;
    if (name == "dlq.partition") partition = value;
    if (name == "dlq.offset") offset = value;
  }
  std::string time;
  group::append_rfc3339(record.time, time);
  return fmt::format(
      R"({{"offset":{},"time":"{}","reason":{},"detail":{},"from":{},"key":{},"value":{},"valueBytes":{}}})",
      record.offset, time, json_string(reason), json_string(detail),
      json_string(fmt::format("{}/{}/{}", topic, partition, offset)), text_or_null(record.key),
      text_or_null(record.value), record.value_bytes);
}

}  // namespace

void dead_letters(KafkaTail& tail, const Target& target, const ExchangePtr& exchange) {
  std::size_t limit = 100;
  if (const auto text = target.parameter("limit"); !text.empty()) {
    const auto number = parse_integer(text);
    if (!number.ok() || number.value() < 1 || number.value() > static_cast<std::int64_t>(kDeadLettersKept)) {
      return exchange->send(problem(400, fmt::format("limit: a number from 1 to {}", kDeadLettersKept)));
    }
    limit = static_cast<std::size_t>(number.value());
  }
  tail.latest(limit, [exchange](Result<std::vector<TailRecord>> records) {
    if (!records.ok()) return exchange->send(unavailable(records.status().message()));
    std::string body = R"({"deadLetters":[)";
    for (const auto& record : *records) {
      if (body.back() != '[') body += ',';
      body += record_json(record);
    }
    exchange->send(json_reply(body + "]}"));
  });
}

}  // namespace ebc::app
