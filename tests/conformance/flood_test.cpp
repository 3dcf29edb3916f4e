// Orphans and late events by the hundred thousand (EBC_FLOOD_EVENTS: by the million), while well-behaved groups go on:
// memory stays bounded, and the others don't notice.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>

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

struct Latency {
  double median = 0, p99 = 0;
};

class Flood : public BrokerTest {
 protected:
  static constexpr int kLateGroups = 1'000;

  std::int64_t events() const {
    const char* given = std::getenv("EBC_FLOOD_EVENTS");
    return given != nullptr ? std::stoll(given) : 60'000;
  }

  void send(const std::string& group, std::string value) {
    producer_->produce({.topic = topic(), .key = group, .value = std::move(value)});
  }

  void open_late_groups() {
    for (int i = 0; i < kLateGroups; ++i) {
      send(fmt::format("late-{}", i), create_of(fmt::format("late-{}", i), "\"a\""));
      send(fmt::format("late-{}", i), done_of(fmt::format("late-{}", i), "a"));
    }
    producer_->flush();
    wait_until_caught_up(60s);
  }

  /// One group each 50 ms while `go_on`; the time from its last Done's way out to its outcome's way in.
  Latency latency_while(const std::string& prefix, const std::function<bool()>& go_on) {
    std::map<std::string, std::int64_t> sent_ms;
    for (int count = 0; go_on() || count < 40; ++count) {
      const std::string id = fmt::format("{}-{}", prefix, count);
      send(id, create_of(id, R"("a","b")"));
      send(id, done_of(id, "a"));
      sent_ms[id] = wall_clock_ms();
      send(id, done_of(id, "b"));
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

  std::unique_ptr<KafkaProducer> producer_;
  std::unique_ptr<KafkaReader> reader_;
};

TEST_F(Flood, OfOrphansAndLateEventsNeitherFillsMemoryNorDelaysOthers) {
  make_topic(4);
  producer_ = std::make_unique<KafkaProducer>(brokers());
  const std::string outcomes = name("outcomes");
  admin().create_topic(outcomes, 4);
  reader_ = std::make_unique<KafkaReader>(brokers(), outcomes);
  const auto collector = start_collector({"--orphan-ttl", "20s", "--output-topic", outcomes});
  open_late_groups();
  const Latency before = latency_while("before", [] { return false; });
  const double memory_before = memory_mib(collector->process().pid(), "VmRSS:");

  // As fast as the program takes it, give or take: a flood that lags behind would measure the broker's queue.
  const std::int64_t count = events();
  constexpr int kSlice = 250;  // of each kind, every 50 ms
  std::int64_t sent = 0;
  std::atomic<bool> flooding{true};
  std::thread flood([&] {
    KafkaProducer producer(brokers());
    while (sent < count) {
      for (int i = 0; i < kSlice && sent < count; ++i, ++sent) {
        const std::string orphan = fmt::format("orphan-{}", sent);
        const std::string late = fmt::format("late-{}", sent % kLateGroups);
        producer.produce({.topic = topic(), .key = orphan, .value = done_of(orphan, "a")});
        producer.produce({.topic = topic(), .key = late, .value = done_of(late, fmt::format("b{}", sent))});
      }
      std::this_thread::sleep_for(50ms);
    }
    producer.flush();
    flooding = false;
  });
  double memory_most = 0;
  const Stopwatch stopwatch;
  const Latency during = latency_while("during", [&] {
    memory_most = std::max(memory_most, memory_mib(collector->process().pid(), "VmRSS:"));
    return flooding.load();
  });
  flood.join();
  const double seconds = static_cast<double>(stopwatch.ms()) / 1'000;

  // Each orphan becomes a dead letter, no late event does.
  const auto letters = [&] { return collector->metric("dead_letters_total").value_or(0); };
  eventually(
      240s, [&] { return letters() >= static_cast<double>(count); }, 500ms);
  EXPECT_EQ(letters(), static_cast<double>(count));
  EXPECT_EQ(collector->metric("late_events_total"), static_cast<double>(count));
  const double memory_peak = memory_mib(collector->process().pid(), "VmHWM:");
  measured("flood_orphans", static_cast<double>(count));
  measured("flood_late_events", static_cast<double>(count));
  measured("flood_events_per_second", 2 * static_cast<double>(count) / seconds);
  measured("flood_rss_mib_before", memory_before);
  measured("flood_rss_mib_during", memory_most);
  measured("flood_rss_mib_peak", memory_peak);
  measured("flood_latency_ms_median_before", before.median);
  measured("flood_latency_ms_median_during", during.median);
  measured("flood_latency_ms_p99_before", before.p99);
  measured("flood_latency_ms_p99_during", during.p99);
  // Bounds: block cache, memtables, decoded groups and markers of four homes, uncommitted rows, and the client's
  // queues.
  EXPECT_LT(memory_peak, 800);
}

}  // namespace
}  // namespace ebc::broker_test
