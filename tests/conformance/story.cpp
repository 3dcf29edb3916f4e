#include "tests/conformance/story.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

#include "tests/conformance/stage.h"
#include "topology/murmur2.h"

namespace ebc::conformance {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

std::int64_t number(const std::string& text) { return std::stoll(text); }

/// 500ms, 2s: all that cases need.
Duration duration(const std::string& text) {
  return text.ends_with("ms") ? Duration{number(text)} : Duration{number(text) * 1'000};
}

}  // namespace

int partition_of(const std::optional<int>& partition, const std::optional<std::string>& key) {
  if (partition) return *partition;
  return key ? topology::home_of(*key, kPartitions) : 0;
}

SentStep& Story::record(std::size_t index) {
  const Step& step = case_.steps.at(index);
  SentStep& sent = played_.sent[index];
  if (step.kind == Step::Kind::Repeat) {
    sent = played_.sent.at(step.step);
    return sent;
  }
  sent.topic = input_topic_;
  sent.partition = partition_of(step.partition, step.key);
  sent.timestamp_ms = played_.start_ms + step.at_ms.value_or(now_ms_);
  sent.key = step.key;
  sent.value = step.value;
  sent.headers = step.headers;
  return sent;
}

group::CollectorOptions collector_options(const Case& one) {
  group::CollectorOptions options;
  for (const auto& [name, value] : one.options) {
    const auto size = [&text = value] { return static_cast<std::size_t>(number(text)); };
    if (name == "default-ttl") {
      options.default_ttl = duration(value);
    } else if (name == "max-ttl") {
      options.max_ttl = duration(value);
    } else if (name == "orphan-ttl") {
      options.orphan_ttl = duration(value);
    } else if (name == "resolved-retention") {
      options.resolved_retention = duration(value);
    } else if (name == "late") {
      options.late_to_dead_letters = value == "dead-letter";
    } else if (name == "reuse") {
      options.ignore_reuse = value == "ignore";
    } else if (name == "foreign") {
      options.skip_foreign = value == "skip";
    } else if (name == "carry-headers") {
      options.carry_headers = split(value);
    } else if (name == "handler-topics") {
      options.handler_topics = split(value);
    } else if (name == "max-outcome-bytes") {
      options.max_outcome_bytes = size();
    } else if (name == "max-message-bytes") {
      options.max_message_bytes = size();
    } else if (name == "max-id-bytes") {
      options.max_id_bytes = size();
    } else if (name == "max-depth") {
      options.max_depth = static_cast<int>(number(value));
    } else if (name == "max-entities") {
      options.max_entities = size();
    } else if (name == "max-waiting-events") {
      options.max_waiting_events = size();
    } else {
      throw std::runtime_error(fmt::format("case \"{}\": option {} isn't known here", one.name, name));
    }
  }
  return options;
}

}  // namespace ebc::conformance
