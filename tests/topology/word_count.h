// A second application on the same engine: counts words, and reports after a while of silence how often each was seen.
// It stands for every processor that isn't ours: if it needed a change of the engine, a seam would leak.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "processor/api/processor.h"

namespace ebc::example {

/// A record is one word. Its count goes to the topic "counts" at once; "total" rows a second after the first sight of
/// each word go there too, by punctuation.
class WordCount final : public Processor {
 public:
  static constexpr Duration kReportAfter{1'000};

  Status init(ProcessorContext& context) override {
    context_ = &context;
    return context.store().scan("\x11", "\x12", [this](std::string_view key, std::string_view) {
      due_.emplace(timestamp_from_ms(std::stoll(std::string(key.substr(1, 13)))), std::string(key));
      return true;
    });
  }

  Status process(const Record& record, Timestamp time) override {
    const std::string key = "\x10" + std::string(*record.value);
    std::string count = "0";
    const auto found = context_->store().get(key, count);
    if (!found.ok()) return found.status();
    count = std::to_string(std::stoi(count) + 1);
    context_->store().put(key, count);
    send(*record.value, count);
    if (!found.value()) {
      const std::string timer = "\x11" + std::to_string(to_ms(time + kReportAfter)) + std::string(*record.value);
      context_->store().put_new(timer, "");
      due_.emplace(time + kReportAfter, timer);
    }
    return {};
  }

  Status punctuate(Timestamp clock) override {
    while (!due_.empty() && due_.begin()->first < clock) {
      const std::string timer = due_.begin()->second;
      std::string count;
      const auto found = context_->store().get("\x10" + timer.substr(14), count);
      if (!found.ok()) return found.status();
      send(timer.substr(14), "total " + count);
      context_->store().erase(timer);
      due_.erase(due_.begin());
    }
    return {};
  }

  Timestamp next_punctuation() const override { return due_.empty() ? kNever : due_.begin()->first; }
  Status flush() override { return {}; }

 private:
  void send(std::string_view word, const std::string& text) {
    const std::string value = std::string(word) + " " + text;
    context_->forward({.topic = "counts", .key = word, .value = value, .timestamp = std::nullopt, .headers = {}});
  }

  ProcessorContext* context_ = nullptr;
  std::multimap<Timestamp, std::string> due_;  ///< timers, by when they are due
};

/// A word's home follows from the word; tombstones are nothing to us.
class WordCountSupplier final : public ProcessorSupplier {
 public:
  Route route(const Record& record) override {
    if (!record.value) return {};
    return {Route::Kind::Keyed, *record.value};
  }
  std::unique_ptr<Processor> make_processor() override { return std::make_unique<WordCount>(); }
};

inline SupplierFactory word_count() {
  return [](int) { return std::make_unique<WordCountSupplier>(); };
}

}  // namespace ebc::example
