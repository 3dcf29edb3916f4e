#include <set>

#include "processor/group/collector.h"
#include "tests/conformance/stage.h"
#include "tests/conformance/story.h"
#include "topology/testing/test_driver.h"

namespace ebc::conformance {
namespace {

using topology::testing::DriverOptions;
using topology::testing::LogRecord;
using topology::testing::ReadRecord;
using topology::testing::TopologyTestDriver;

constexpr const char* kOutput = "outcomes";

std::vector<std::string> output_topics(const Case& one) {
  std::set<std::string> topics{kOutput};
  for (const ExpectedMessage& message : one.messages) topics.insert(message.topic);
  return {topics.begin(), topics.end()};
}

SupplierFactory collector(const Case& one) {
  group::CollectorOptions options = collector_options(one);
  options.input_topic = TopologyTestDriver::kInput;
  options.output_topic = kOutput;
  options.dead_letter_topic = TopologyTestDriver::kDeadLetter;
  return group::make_supplier_factory(std::move(options), std::make_shared<group::StatsRegistry>());
}

class DriverStage {
 public:
  DriverStage(const Case& one, Reading reading)
      : case_(one),
        live_(reading == Reading::Live),
        topics_(output_topics(one)),
        driver_(collector(one), {.partitions = kPartitions, .output_topics = topics_}),
        story_(one, played_, TopologyTestDriver::kInput) {
    played_.start_ms = to_ms(driver_.now());
    if (live_) {
      driver_.advance(Duration{1});
      played_.start_ms += 1;
    } else {
      driver_.crash();
    }
  }

  Played run() {
    for (std::size_t i = 0; i < case_.steps.size(); ++i) step(i);
    if (!live_) {
      driver_.advance_while_down(Duration{case_.end_ms});
      driver_.restart();
      driver_.advance(Duration{2'000});
    } else {
      driver_.advance(Duration{case_.end_ms});
    }
    driver_.commit();
    if (!driver_.failure().ok()) throw std::runtime_error(driver_.failure().message());
    for (const std::string& topic : topics_) {
      auto& list = topic == kOutput ? played_.outcomes : played_.messages[topic];
      read(topic, list);
    }
    read(TopologyTestDriver::kDeadLetter, played_.dead_letters);
    return std::move(played_);
  }

 private:
  void step(std::size_t index) {
    const Step& step = case_.steps[index];
    switch (step.kind) {
      case Step::Kind::Send:
      case Step::Kind::Repeat: {
        SentStep& sent = story_.record(index);
        LogRecord record{sent.key, sent.value, timestamp_from_ms(sent.timestamp_ms), {}};
        for (const auto& [name, value] : sent.headers) record.headers.emplace_back(name, value);
        sent.offset = driver_.log().append({sent.topic, sent.partition}, std::move(record));
        // What hops to another partition is there after the commit: a story's steps follow one another.
        if (live_) driver_.process(), driver_.commit();
        break;
      }
      case Step::Kind::Pass:
        story_.pass(step.ms);
        live_ ? driver_.advance(Duration{step.ms}) : driver_.advance_while_down(Duration{step.ms});
        break;
      case Step::Kind::Commit:
        driver_.commit();
        break;
      case Step::Kind::Crash:
        driver_.crash();
        driver_.restart();
        break;
      case Step::Kind::Restart:
        driver_.commit();
        driver_.restart();
        break;
    }
  }

  void read(const std::string& topic, std::vector<Seen>& out) {
    for (const ReadRecord& found : driver_.read(topic)) {
      Seen seen{found.record.key, found.record.value, {}};
      for (const auto& [name, value] : found.record.headers) seen.headers.emplace_back(name, value.value_or(""));
      out.push_back(std::move(seen));
    }
  }

  const Case& case_;
  const bool live_;
  Played played_;
  const std::vector<std::string> topics_;
  TopologyTestDriver driver_;
  Story story_;
};

}  // namespace

Played play_on_driver(const Case& one, Reading reading) { return DriverStage(one, reading).run(); }

}  // namespace ebc::conformance
