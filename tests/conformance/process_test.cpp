// Plays the cases on real processes and a real broker. Cases with the same options share a process and a topic; all of
// their records are written before it starts. Those that are about the passing of time, or about crashes, are played
// live, each with a process of its own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/broker/broker_test.h"
#include "tests/conformance/json_view.h"
#include "tests/conformance/judge.h"
#include "tests/conformance/stage.h"
#include "tests/conformance/story.h"

namespace ebc::conformance {
namespace {

using namespace broker_test;

/// How long before the present the stories of a backlog began: all of their deadlines are over.
constexpr std::int64_t kAgo = 600'000;

class ConformanceOfTheProcess : public BrokerTest {
 protected:
  /// One run of the collector, and what was played in it.
  struct Run {
    std::string app, topic, output;
    std::unique_ptr<Collector> collector;
    std::unique_ptr<KafkaProducer> producer;
    std::map<int, std::int64_t> offsets;
    std::int64_t began_ms = wall_clock_ms();
    std::vector<std::pair<const Case*, Played>> played;
  };

  std::vector<Case> all_cases() const {
    return read_all_cases(std::filesystem::path(EBC_CONFORMANCE_FOLDER) / "cases");
  }

  Run make_run(const Case& one) {
    const std::string number = std::to_string(runs_++);
    Run run;
    run.app = name("app" + number);
    run.topic = name("in" + number);
    run.output = name("out" + number);
    admin().create_topic(run.topic, kPartitions);
    admin().create_topic(run.output, kPartitions);
    std::vector<std::string> arguments{
        "--brokers", brokers(),  "--topic", run.topic,     "--output-topic",
        run.output,  "--app-id", run.app,   "--state-dir", (folder() / run.app).string()};
    for (const auto& [option, value] : one.options) arguments.insert(arguments.end(), {"--" + option, value});
    run.collector = std::make_unique<Collector>(
        CollectorOptions{.command = "run", .arguments = arguments, .log = folder() / (run.app + ".log")});
    run.producer = std::make_unique<KafkaProducer>(brokers());
    for (const ExpectedMessage& message : one.messages) make_shared_topic(message.topic);
    return run;
  }

  /// A handler's topic is named in the case, so it can't be one of this test's own.
  void make_shared_topic(const std::string& topic) {
    if (!admin().topic_exists(topic)) admin().create_topic(topic, kPartitions);
  }

  void send(Run& run, SentStep& sent) {
    sent.offset = run.offsets[sent.partition]++;
    run.producer->produce({.topic = run.topic,
                           .key = sent.key,
                           .value = sent.value,
                           .partition = sent.partition,
                           .timestamp_ms = sent.timestamp_ms,
                           .headers = {sent.headers.begin(), sent.headers.end()}});
  }

  bool caught_up(const Run& run) const {
    return admin().consumed_by(run.app, run.topic) && admin().consumed_by(run.app, run.app + "-repartition");
  }
  void wait_until_read(const Run& run) const {
    if (!eventually(
            30s, [&] { return caught_up(run); }, 20ms))
      throw std::runtime_error("not read within 30 s");
  }

  /// Waits for all that is expected, and a little for what isn't.
  void collect(Run& run) {
    std::size_t outcomes = 0, letters = 0;
    std::set<std::string> topics;
    for (const auto& [one, played] : run.played) {
      outcomes += one->outcomes.size();
      letters += one->dead_letters.size();
      for (const ExpectedMessage& message : one->messages) topics.insert(message.topic);
    }
    KafkaReader out(brokers(), run.output);
    KafkaReader dead(brokers(), run.app + "-dead-letter");
    eventually(
        60s,
        [&] {
          out.poll(20ms), dead.poll(20ms);
          return out.records().size() >= outcomes && dead.records().size() >= letters;
        },
        0ms);
    wait_until_read(run);
    std::this_thread::sleep_for(1'200ms);  // one more round of the clock: what is due by it would come now
    ASSERT_TRUE(out.read_to_end(20s) && dead.read_to_end(20s));
    for (const ConsumedRecord& record : out.records()) give(run, record, origin_of(record), &Played::outcomes);
    for (const ConsumedRecord& record : dead.records()) {
      give(run, record, record.header("dlq.partition") + "/" + record.header("dlq.offset"), &Played::dead_letters);
    }
    for (const std::string& topic : topics) read_messages(run, topic);
  }

  static Seen seen_of(const ConsumedRecord& record) {
    return {record.key, record.value, {record.headers.begin(), record.headers.end()}};
  }

  /// partition/offset of the Create.
  static std::string origin_of(const ConsumedRecord& record) {
    const std::string text = record.value.value_or("{}");
    const auto origin = JsonView{text}.find("origin");
    const std::string place = origin ? origin->string() : "";
    return place.substr(std::min(place.size(), place.rfind('/', place.rfind('/') - 1) + 1));
  }

  /// To the case that sent the record at `place`.
  static void give(Run& run, const ConsumedRecord& record, const std::string& place, std::vector<Seen> Played::*list) {
    for (auto& [one, played] : run.played) {
      for (const auto& [step, sent] : played.sent) {
        if (fmt::format("{}/{}", sent.partition, sent.offset) != place) continue;
        (played.*list).push_back(seen_of(record));
        return;
      }
    }
    ADD_FAILURE() << "nothing was sent that this can come from: " << record.value.value_or("(null)");
  }

  void read_messages(Run& run, const std::string& topic) {
    KafkaReader reader(brokers(), topic);
    ASSERT_TRUE(reader.read_to_end(20s));
    for (const ConsumedRecord& record : reader.records()) {
      if (record.timestamp_ms < run.began_ms) continue;  // of an earlier run of this test
      for (auto& [one, played] : run.played) {
        for (const auto& [step, sent] : played.sent) {
          if (sent.key != record.key) continue;
          played.messages[topic].push_back(seen_of(record));
          break;
        }
      }
    }
  }

  void judge(const Run& run) {
    for (const auto& [one, played] : run.played) {
      for (const std::string& difference : differences(*one, played)) {
        ADD_FAILURE() << one->file << ": \"" << one->name << "\": " << difference;
      }
    }
  }

  void play_live(const Case& one) {
    Run run = make_run(one);
    run.collector->start_and_wait();
    run.played.emplace_back(&one, Played{});
    Played& played = run.played.back().second;
    played.exact_times = false;
    Story story(one, played, run.topic);
    for (std::size_t i = 0; i < one.steps.size(); ++i) {
      const Step& step = one.steps[i];
      switch (step.kind) {
        case Step::Kind::Send:
        case Step::Kind::Repeat:
          played.start_ms = wall_clock_ms() - story.now_ms();
          send(run, story.record(i));
          run.producer->flush();
          wait_until_read(run);
          break;
        case Step::Kind::Pass:
          // Somewhat longer than the case says: a real clock follows with some delay.
          std::this_thread::sleep_for(milliseconds(step.ms + 1'500));
          story.pass(step.ms);
          break;
        case Step::Kind::Commit:
          break;
        case Step::Kind::Crash:
          run.collector->kill9();
          run.collector->start_and_wait();
          break;
        case Step::Kind::Restart:
          run.collector->stop();
          run.collector->start_and_wait();
          break;
      }
    }
    collect(run);
    run.collector->stop();
    judge(run);
  }

 private:
  int runs_ = 0;
};

TEST_F(ConformanceOfTheProcess, HoldsForEveryCaseReadAsABacklog) {
  const std::vector<Case> cases = all_cases();
  std::map<std::map<std::string, std::string>, std::vector<const Case*>> by_options;
  for (const Case& one : cases) {
    if (!one.live) by_options[one.options].push_back(&one);
  }
  std::size_t count = 0;
  for (const auto& [options, list] : by_options) {
    Run run = make_run(*list.front());
    const std::int64_t start = wall_clock_ms() - kAgo;
    for (const Case* one : list) {
      for (const ExpectedMessage& message : one->messages) make_shared_topic(message.topic);
      Played& played = run.played.emplace_back(one, Played{}).second;
      played.start_ms = start;
      Story story(*one, played, run.topic);
      for (std::size_t i = 0; i < one->steps.size(); ++i) {
        const Step& step = one->steps[i];
        if (step.kind == Step::Kind::Pass) story.pass(step.ms);
        if (step.kind == Step::Kind::Send || step.kind == Step::Kind::Repeat) send(run, story.record(i));
      }
    }
    run.producer->flush();
    run.collector->start_and_wait();
    collect(run);
    run.collector->stop();
    judge(run);
    count += list.size();
  }
  measured("conformance_process_cases_backlog", static_cast<double>(count));
}

TEST_F(ConformanceOfTheProcess, HoldsForTheCasesThatAreReadLive) {
  std::size_t count = 0;
  for (const Case& one : all_cases()) {
    if (!one.live) continue;
    play_live(one);
    ++count;
  }
  measured("conformance_process_cases_live", static_cast<double>(count));
}

}  // namespace
}  // namespace ebc::conformance
