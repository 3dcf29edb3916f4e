#include "tests/broker/dead_letters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

namespace ebc::broker_test {
namespace {

constexpr std::size_t kMaxExamples = 10;

void add_example(LetterReport& report, std::string text) {
  if (report.examples.size() < kMaxExamples) report.examples.push_back(std::move(text));
}

}  // namespace

std::string LetterReport::text() const {
  auto text = fmt::format("{} dead letters ({}); {} missing, {} repeated, {} unexplained", letters,
                          fmt::join(by_reason, ", "), missing, repeated, unexplained);
  for (const auto& example : examples) text += "\n  " + example;
  return text;
}

LetterReport check_dead_letters(const LetterPlan& plan, const std::vector<ConsumedRecord>& letters) {
  LetterReport report;
  report.letters = letters.size();
  std::set<std::string> origins;
  std::map<std::string, std::size_t> copies;
  for (const auto& letter : letters) {
    const auto value = letter.value.value_or("(tombstone)");
    const auto reason = letter.header("dlq.reason");
    const auto origin = fmt::format("{}/{}/{}", letter.header("dlq.topic"), letter.header("dlq.partition"),
                                    letter.header("dlq.offset"));
    ++report.by_reason[reason];
    if (!origins.insert(origin).second) {
      ++report.repeated;
      add_example(report, fmt::format("{} of {}: a second letter ({})", value, origin, reason));
    } else {
      ++copies[value];
    }
    const auto planned = plan.find(value);
    if (planned != plan.end() && planned->second.reasons.contains(reason)) continue;
    ++report.unexplained;
    add_example(report, fmt::format("{} of {}: {} ({})", value, origin, reason, letter.header("dlq.detail")));
  }
  for (const auto& [value, planned] : plan) {
    if (!planned.certain || copies[value] >= planned.copies) continue;
    report.missing += planned.copies - copies[value];
    add_example(report, value + ": not among the dead letters");
  }
  return report;
}

}  // namespace ebc::broker_test
