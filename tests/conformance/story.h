// What the stages share: from the steps of a case to records.
#pragma once

#include "processor/api/types.h"
#include "tests/conformance/case.h"
#include "tests/conformance/judge.h"

namespace ebc::conformance {

/// Follows the story's time and makes each record that is sent.
class Story {
 public:
  Story(const Case& one, Played& played, std::string input_topic)
      : case_(one), played_(played), input_topic_(std::move(input_topic)) {}

  /// The record of a Send or Repeat, its offset left open; it is kept in `played.sent`.
  SentStep& record(std::size_t step);
  void pass(std::int64_t ms) { now_ms_ += ms; }
  /// ms since the story's 0.
  std::int64_t now_ms() const { return now_ms_; }

 private:
  const Case& case_;
  Played& played_;
  const std::string input_topic_;
  std::int64_t now_ms_ = 0;
};

/// The partition of a record as the step or the partitioner has it.
int partition_of(const std::optional<int>& partition, const std::optional<std::string>& key);

}  // namespace ebc::conformance
