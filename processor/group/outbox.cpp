#include "processor/group/outbox.h"

#include <fmt/format.h>

#include <algorithm>

namespace ebc::group {
namespace {

bool matches(std::string_view text, std::string_view pattern) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = pattern.npos;
  std::size_t retry = 0;
  while (at < text.size()) {
    if (in < pattern.size() && pattern[in] == '*') {
      star = in++;
      retry = at;
    } else if (in < pattern.size() && pattern[in] == text[at]) {
      ++in;
      ++at;
    } else if (star != pattern.npos) {
      in = star + 1;
      at = ++retry;
    } else {
      return false;
    }
  }
  while (in < pattern.size() && pattern[in] == '*') ++in;
  return in == pattern.size();
}

bool possible_topic(std::string_view topic) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  constexpr std::size_t kLongest = 249;
  return !topic.empty() && topic.size() <= kLongest && topic != "." && topic != ".." &&
         topic.find_first_not_of(kAllowed) == topic.npos;
}

}  // namespace

bool topic_allowed(std::string_view topic, const std::vector<std::string>& patterns) {
  return possible_topic(topic) && std::any_of(patterns.begin(), patterns.end(),
                                              [topic](const std::string& pattern) { return matches(topic, pattern); });
}

Record record_of(const StoredEvent& event, std::vector<Header>& headers) {
  headers.clear();
  for (const auto& [name, value] : event.headers) headers.push_back({name, value});
  return {event.topic, event.partition, event.offset, event.timestamp, event.key, event.value, headers};
}

void Outbox::carry(const Envelope& envelope) {
  carried_.clear();
  for (const auto& [name, value] : envelope.headers) carried_.push_back({name, value});
}

std::size_t Outbox::carried_bytes() const {
  std::size_t bytes = 0;
  for (const Header& header : carried_) bytes += header.name.size() + (header.value ? header.value->size() : 0);
  return bytes;
}

void Outbox::outcome(Outcome outcome) {
  carry(outcome.envelope);
  outcome.max_bytes = options_.max_outcome_bytes - std::min(carried_bytes(), options_.max_outcome_bytes);
  encode_outcome(outcome, text_);
  if (text_.size() > outcome.max_bytes) {
    if (outcome.resolution.cause == Cause::Invalid) {
      outcome.payload_dropped = true;
      carried_.clear();
    } else {
      error_ = fmt::format(R"("The outcome would be larger than {} bytes")", options_.max_outcome_bytes);
      outcome.resolution = {Cause::TooLarge, {}, error_, outcome.resolution.resolved};
    }
    encode_outcome(outcome, text_);
  }
  context_.forward({options_.output_topic, outcome.id, text_, std::nullopt, carried_});
  const std::optional<Cause> cause = outcome.resolution.cause;
  cause ? stats_.count(*cause) : stats_.count(Counter::Succeeded);
  if (recent_ != nullptr) {
    uncommitted_.add({.id = outcome.id,
                      .json = text_,
                      .cause = cause,
                      .resolved = outcome.resolution.resolved,
                      .origin_partition = outcome.origin.partition,
                      .origin_offset = outcome.origin.offset});
  }
  stats_.resolved(outcome.resolution.resolved - outcome.created);

  handler(outcome, cause ? outcome.envelope.on_failure : outcome.envelope.on_success);
  if (!outcome.envelope.parent_group.empty()) parent(outcome);
}

void Outbox::committed() {
  if (recent_ == nullptr || uncommitted_.bytes().empty()) return;
  recent_->publish(uncommitted_);
  uncommitted_.clear();
}

void Outbox::handler(const Outcome& outcome, const Target& target) {
  if (target.topic.empty()) return;
  const std::string_view message = target.payload.empty() ? text_ : target.payload;
  if (!topic_allowed(target.topic, options_.handler_topics)) {
    refuse_handler(outcome, message, fmt::format("topic {} is not among the handler topics", target.topic));
    return;
  }
  if (!context_.accepts(target.topic, outcome.id.size() + message.size())) {
    refuse_handler(outcome, message,
                   fmt::format("topic {} doesn't exist, or the broker refuses such a message there", target.topic));
    return;
  }
  context_.forward({target.topic, outcome.id, message, std::nullopt, carried_});
  stats_.count(Counter::HandlerSent);
}

void Outbox::refuse_handler(const Outcome& outcome, std::string_view message, std::string_view detail) {
  const Origin& origin = outcome.origin;
  const Record refused{origin.topic, origin.partition, origin.offset, origin.timestamp, outcome.id, message, carried_};
  dead_letter(refused, Reason::HandlerRefused, detail);
}

void Outbox::parent(const Outcome& outcome) {
  encode_parent_done(outcome, parent_text_);
  context_.forward(
      {options_.input_topic, outcome.envelope.parent_group, parent_text_, outcome.resolution.resolved, carried_});
  stats_.count(Counter::ParentSent);
}

void Outbox::dead_letter(const Record& record, Reason reason, std::string_view detail) {
  const fmt::format_int partition(record.partition);
  const fmt::format_int offset(record.offset);
  const fmt::format_int timestamp(to_ms(record.timestamp));
  const auto text = [](const fmt::format_int& number) { return std::string_view{number.data(), number.size()}; };
  headers_.assign(record.headers.begin(), record.headers.end());
  headers_.push_back({"dlq.reason", name_of(reason)});
  headers_.push_back({"dlq.detail", detail});
  headers_.push_back({"dlq.topic", record.topic});
  headers_.push_back({"dlq.partition", text(partition)});
  headers_.push_back({"dlq.offset", text(offset)});
  headers_.push_back({"dlq.timestamp", text(timestamp)});
  context_.forward({options_.dead_letter_topic, record.key, record.value, std::nullopt, headers_});
  stats_.count(reason);
}

void Outbox::dead_letter(const StoredEvent& event, Reason reason, std::string_view detail) {
  std::vector<Header> headers;
  dead_letter(record_of(event, headers), reason, detail);
}

}  // namespace ebc::group
