// Orphans and late events by the ten thousand (EBC_FLOOD_EVENTS: by the million), while well-behaved groups go on:
// memory stays bounded, and the others don't notice. What they would notice anyway, any flood in front of their events
// in the same partitions, is measured beside it: ordinary groups at the same rate.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

/// Resident memory of a process in MiB, now or at its peak.
double memory_mib(pid_t pid, const std::string& field) {
  std::ifstream in(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(field)) return std::stod(line.substr(field.size() + 1)) / 1'024;
  }
  throw std::runtime_error("no " + field + " of process " + std::to_string(pid));
}

std::string create_of(const std::string& id, const std::string& expected) {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":[{}],"ttl":600}})", id, expected);
}
std::string done_of(const std::string& group, const std::string& entity) {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"{}","result":1}})", entity, group);
}

/// Seconds of CPU that a process has used, user and system.
double cpu_seconds(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  // Behind the name, which may hold blanks: 11 fields, then utime and stime.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::int64_t number_of(const char* variable, std::int64_t otherwise) {
  const char* given = std::getenv(variable);
  return given != nullptr ? std::stoll(given) : otherwise;
}

struct Latency {
  double median = 0, p99 = 0;
};

/// What a flood did to the collector and to the groups beside it.
struct Effect {
  Latency latency;
  double per_second = 0;
  double cpu_us_per_event = 0;  ///< all that the process used, the well-behaved groups and the waiting included
  double rss_mib = 0;           ///< the most seen
  std::int64_t backlog = 0;     ///< the most records seen that were written and not yet committed
};

class Flood : public BrokerTest {
 protected:
  static constexpr int kLateGroups = 1'000;
  /// Makes the number-th pair of events.
  using Pair = std::function<void(KafkaProducer&, std::int64_t number)>;

  void send(KafkaProducer& producer, const std::string& group, std::string value) const {
    producer.produce({.topic = topic(), .key = group, .value = std::move(value)});
  }

  /// Clients go before their topics: librdkafka 2.0.2 may wait for ever for a partition that is gone.
  void TearDown() override {
    reader_.reset();
    producer_.reset();
    collector_.reset();
    BrokerTest::TearDown();
  }

  void begin() {
    make_topic(4);
    const std::string outcomes = name("outcomes");
    admin().create_topic(outcomes, 4);
    producer_ = std::make_unique<KafkaProducer>(brokers());
    reader_ = std::make_unique<KafkaReader>(brokers(), outcomes);
    collector_ = start_collector({"--orphan-ttl", "10s", "--output-topic", outcomes});
  }
  pid_t pid() { return collector_->process().pid(); }

  void open_late_groups() {
    for (int i = 0; i < kLateGroups; ++i) {
      const std::string id = fmt::format("late-{}", i);
      send(*producer_, id, create_of(id, "\"a\""));
      send(*producer_, id, done_of(id, "a"));
    }
    producer_->flush();
    wait_until_caught_up(60s);
  }

  std::int64_t backlog() const {
    const std::vector<std::int64_t> committed = admin().committed(app_id(), topic());
    return std::accumulate(
        committed.begin(), committed.end(), admin().end_sum(topic()),
        [](std::int64_t left, std::int64_t offset) { return left - std::max<std::int64_t>(0, offset); });
  }

  /// One group each 50 ms while `go_on`; the time from its last Done's way out to its outcome's way in.
  Latency latency_while(const std::string& during, const std::function<bool()>& go_on) {
    std::map<std::string, std::int64_t> sent_ms;
    for (int count = 0; go_on() || count < 40; ++count) {
      const std::string id = fmt::format("good-{}-{}", during, count);
      send(*producer_, id, create_of(id, R"("a","b")"));
      send(*producer_, id, done_of(id, "a"));
      sent_ms[id] = wall_clock_ms();
      send(*producer_, id, done_of(id, "b"));
      reader_->poll(50ms);
    }
    producer_->flush();
    std::vector<double> times;
    eventually(
        60s,
        [&] {
          reader_->poll(50ms);
          times.clear();
          for (const auto& record : reader_->records()) {
            const auto sent = sent_ms.find(record.key.value_or(""));
            if (sent != sent_ms.end()) times.push_back(static_cast<double>(record.seen_ms - sent->second));
          }
          return times.size() >= sent_ms.size();
        },
        0ms);
    EXPECT_EQ(times.size(), sent_ms.size()) << "each group has one outcome";
    if (times.empty()) return {};
    std::sort(times.begin(), times.end());
    return {times[times.size() / 2], times[times.size() * 99 / 100]};
  }

  /// So many pairs at `rate_` events a second, but never more than a second of them ahead of the collector: what is to
  /// be measured is a flood, not the queue that any overload makes.
  void pour(std::int64_t pairs, const Pair& pair) {
    KafkaProducer producer(brokers());
    Stopwatch stopwatch;
    std::int64_t held_ms = 0;
    for (std::int64_t sent = 0; sent < pairs;) {
      const std::int64_t due = std::min(pairs, (stopwatch.ms() - held_ms) * rate_ / 2'000);
      for (; sent < due; ++sent) pair(producer, sent);
      std::this_thread::sleep_for(10ms);
      const std::int64_t before = stopwatch.ms();
      while (backlog_ > rate_) std::this_thread::sleep_for(10ms);
      held_ms += stopwatch.ms() - before;
    }
    producer.flush();
  }

  Effect effect_of(const std::string& what, std::int64_t pairs, const Pair& pair) {
    Effect effect;
    std::atomic<bool> pouring{true};
    const Stopwatch stopwatch;
    const double cpu_before = cpu_seconds(pid());
    std::int64_t took_ms = 0;
    std::thread flood([&] {
      pour(pairs, pair);
      took_ms = stopwatch.ms();
      pouring = false;
    });
    std::int64_t looked_ms = 0, told = 0;
    effect.latency = latency_while(what, [&] {
      backlog_ = backlog();
      effect.backlog = std::max<std::int64_t>(effect.backlog, backlog_);
      const double rss = memory_mib(pid(), "VmRSS:");
      effect.rss_mib = std::max(effect.rss_mib, rss);
      looked_ms = stopwatch.ms();
      if (looked_ms / 30'000 > told) measured(fmt::format("flood_{}_rss_mib_{}s", what, ++told * 30), rss);
      return pouring.load();
    });
    flood.join();
    wait_until_caught_up(60s);
    effect.per_second = 2'000.0 * static_cast<double>(pairs) / static_cast<double>(std::max<std::int64_t>(1, took_ms));
    effect.cpu_us_per_event = (cpu_seconds(pid()) - cpu_before) * 1e6 / static_cast<double>(2 * pairs);
    measured("flood_" + what + "_per_second", effect.per_second);
    measured("flood_" + what + "_latency_ms_median", effect.latency.median);
    measured("flood_" + what + "_latency_ms_p99", effect.latency.p99);
    measured("flood_" + what + "_cpu_us_per_event", effect.cpu_us_per_event);
    measured("flood_" + what + "_rss_mib", effect.rss_mib);
    measured("flood_" + what + "_backlog", static_cast<double>(effect.backlog));
    return effect;
  }

  const std::int64_t events_ = number_of("EBC_FLOOD_EVENTS", 20'000);  ///< of each kind
  const std::int64_t rate_ = number_of("EBC_FLOOD_RATE", 4'000);       ///< events a second, both kinds
  std::atomic<std::int64_t> backlog_{0};
  std::unique_ptr<KafkaProducer> producer_;
  std::unique_ptr<KafkaReader> reader_;
  std::unique_ptr<Collector> collector_;
};

TEST_F(Flood, OfOrphansAndLateEventsNeitherFillsMemoryNorDelaysOthers) {
  begin();
  open_late_groups();
  const Latency alone = latency_while("alone", [] { return false; });
  measured("flood_alone_latency_ms_median", alone.median);
  measured("flood_alone_latency_ms_p99", alone.p99);

  // Long enough for some hundred well-behaved groups, no longer.
  const Effect ordinary =
      effect_of("ordinary", std::min(events_, 30 * rate_), [this](KafkaProducer& producer, std::int64_t number) {
        const std::string id = fmt::format("ordinary-{}", number);
        send(producer, id, create_of(id, "\"a\""));
        send(producer, id, done_of(id, "a"));
      });
  const Effect stray = effect_of("stray", events_, [this](KafkaProducer& producer, std::int64_t number) {
    const std::string orphan = fmt::format("orphan-{}", number);
    const std::string late = fmt::format("late-{}", number % kLateGroups);
    send(producer, orphan, done_of(orphan, "a"));
    send(producer, late, done_of(late, fmt::format("b{}", number)));
  });

  // Each orphan becomes a dead letter, no late event does.
  const auto letters = [&] { return collector_->metric("dead_letters_total").value_or(0); };
  eventually(
      120s, [&] { return letters() >= static_cast<double>(events_); }, 500ms);
  EXPECT_EQ(letters(), static_cast<double>(events_));
  EXPECT_EQ(collector_->metric("late_events_total"), static_cast<double>(events_));
  const double memory_peak = memory_mib(pid(), "VmHWM:");
  measured("flood_orphans", static_cast<double>(events_));
  measured("flood_late_events", static_cast<double>(events_));
  measured("flood_peak_rss_mib", memory_peak);
  // Block cache, memtables, decoded groups and markers of four homes, uncommitted rows, and the client's queues: the
  // same for a million.
  EXPECT_LT(memory_peak, 500);
  // Kept from a queue, so seconds at most even where the processor is shared with much else.
  EXPECT_LT(stray.latency.median, ordinary.latency.median + 10'000);
}

TEST_F(Flood, OfOneHotGroupDoesNotDelayOthers) {
  begin();
  const Effect ordinary =
      effect_of("ordinary", std::min(events_, 5 * rate_), [this](KafkaProducer& producer, std::int64_t number) {
        const std::string id = fmt::format("ordinary-{}", number);
        send(producer, id, create_of(id, "\"a\""));
        send(producer, id, done_of(id, "a"));
      });
  // It grows by an entity at a time, each of which is done twice.
  send(*producer_, "hot", R"({"id":"hot","type":"EventGroupCollectorCreate","expected":[],"sealed":false,"ttl":600})");
  producer_->flush();
  const std::int64_t entities = std::min<std::int64_t>(events_, 50'000);
  const Effect hot = effect_of("hot", entities, [this](KafkaProducer& producer, std::int64_t number) {
    const std::string entity = fmt::format("e{}", number / 2);
    if (number % 2 == 0) {
      send(producer, "hot",
           fmt::format(R"({{"type":"EventGroupCollectorUpdate","group":"hot","add":["{}"]}})", entity));
      send(producer, "hot", done_of("hot", entity));
    } else {
      send(producer, "hot", done_of("hot", entity));
      send(producer, "hot", done_of("hot", fmt::format("unknown{}", number)));
    }
  });
  send(*producer_, "hot", R"({"type":"EventGroupCollectorUpdate","group":"hot","seal":true})");
  producer_->flush();
  std::optional<Outcome> outcome;
  eventually(
      60s,
      [&] {
        reader_->poll(50ms);
        for (const auto& record : reader_->records()) {
          if (record.key == "hot") outcome = parse_outcome(record.value.value_or(""));
        }
        return outcome.has_value();
      },
      0ms);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_TRUE(outcome->success) << outcome->error;
  EXPECT_EQ(outcome->results.size(), static_cast<std::size_t>((entities + 1) / 2));
  EXPECT_LT(hot.latency.median, ordinary.latency.median + 10'000);
}

}  // namespace
}  // namespace ebc::broker_test
