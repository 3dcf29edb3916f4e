#include <deque>

#include "tests/conformance/stage.h"
#include "tests/conformance/story.h"
#include "tests/support/memory_home.h"

namespace ebc::conformance {
namespace {

using test_support::MemoryHome;
using test_support::Sent;

constexpr std::int64_t kStart = 1'800'000'000'000;
constexpr const char* kInput = "input";
constexpr const char* kOutput = "outcomes";
constexpr const char* kDeadLetters = "dead-letters";

group::CollectorOptions with_topics(group::CollectorOptions options) {
  options.input_topic = kInput;
  options.output_topic = kOutput;
  options.dead_letter_topic = kDeadLetters;
  return options;
}

class CoreStage {
 public:
  CoreStage(const Case& one, Reading reading)
      : case_(one),
        live_(reading == Reading::Live),
        home_(with_topics(collector_options(one)), timestamp_from_ms(kStart - 3'600'000)),
        story_(one, played_, kInput) {
    played_.start_ms = kStart;
    home_.present(present());
    if (live_) home_.advance_clock(present());
  }

  Played run() {
    for (std::size_t i = 0; i < case_.steps.size(); ++i) step(i);
    const Timestamp end = present() + Duration{case_.end_ms};
    home_.present(end);
    // From one deadline to the next, so that what a child group tells its parent is read in between.
    while (home_.next_punctuation() < end) {
      home_.advance_clock(home_.next_punctuation() + Duration{1});
      collect();
    }
    return std::move(played_);
  }

 private:
  Timestamp present() const { return timestamp_from_ms(kStart + story_.now_ms()); }

  void step(std::size_t index) {
    const Step& step = case_.steps[index];
    switch (step.kind) {
      case Step::Kind::Send:
      case Step::Kind::Repeat:
        send(story_.record(index));
        break;
      case Step::Kind::Pass:
        story_.pass(step.ms);
        home_.present(present());
        if (live_) home_.advance_clock(present());
        break;
      case Step::Kind::Commit:
        home_.commit();
        break;
      case Step::Kind::Crash:
        // What was read since the last commit is read again; here each record is committed when it was processed.
        home_.crash();
        break;
      case Step::Kind::Restart:
        home_.commit();
        home_.crash();
        break;
    }
    collect();
  }

  void send(SentStep& sent) {
    sent.offset = offsets_[sent.partition]++;
    process(sent);
  }

  void process(const SentStep& sent) {
    std::vector<Header> headers;
    for (const auto& [name, value] : sent.headers) headers.push_back({name, value});
    Record record{sent.topic, sent.partition, sent.offset, timestamp_from_ms(sent.timestamp_ms), {}, {}, headers};
    if (sent.key) record.key = *sent.key;
    if (sent.value) record.value = *sent.value;
    home_.process(record);
  }

  /// Sorts what came out; what goes to the input topic is read there.
  void collect() {
    for (;;) {
      const std::vector<Sent> messages = home_.take();
      if (messages.empty()) break;
      for (const Sent& message : messages) {
        Seen seen{message.key, message.value, {}};
        for (const auto& [name, value] : message.headers) seen.headers.emplace_back(name, value.value_or(""));
        if (message.topic == kOutput) {
          played_.outcomes.push_back(std::move(seen));
        } else if (message.topic == kDeadLetters) {
          played_.dead_letters.push_back(std::move(seen));
        } else if (message.topic == kInput) {
          SentStep back{kInput,      partition_of({}, seen.key), 0, to_ms(*message.timestamp), seen.key, seen.value,
                        seen.headers};
          send(back);
        } else {
          played_.messages[message.topic].push_back(std::move(seen));
        }
      }
    }
    home_.commit();
  }

  const Case& case_;
  const bool live_;
  Played played_;
  MemoryHome home_;
  Story story_;
  std::map<int, std::int64_t> offsets_;
};

}  // namespace

Played play_on_core(const Case& one, Reading reading) { return CoreStage(one, reading).run(); }

}  // namespace ebc::conformance
