// kill -9 at any moment, under load: each group gets its one right outcome, as a read_committed consumer sees it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::atoi(text) : otherwise;
}

class Kill : public BrokerTest {
 protected:
  // Kills and restarts; the moments are random, also in the middle of starting and restoring.
  void kill_in_a_loop(Collector& collector, int kills, std::uint64_t seed, milliseconds longest_life) {
    std::mt19937_64 random(seed);
    int before_ready = 0;
    for (int i = 0; i < kills; ++i) {
      const milliseconds life{std::uniform_int_distribution<std::int64_t>(30, longest_life.count())(random)};
      const bool ended = eventually(life, [&] { return !collector.running(); });
      ASSERT_FALSE(ended) << "the collector ended by itself after kill " << i;
      before_ready += collector.ready() ? 0 : 1;
      collector.kill9();
      collector.start();
    }
    collector.wait_until_ready();
    measured("kills", kills);
    measured("kills_before_ready", before_ready);
  }
};

// EBC_CHAOS_KILLS makes it longer, EBC_SEED another run.
TEST_F(Kill, LeavesOneRightOutcomeForEachGroup) {
  const int kills = from_environment("EBC_CHAOS_KILLS", 20);
  const auto seed = static_cast<std::uint64_t>(from_environment("EBC_SEED", 20260717));
  fmt::print("EBC_SEED={} EBC_CHAOS_KILLS={}\n", seed, kills);
  make_topic(4);
  auto collector = start_collector();
  Workload workload({.seed = seed,
                     .groups = static_cast<std::size_t>(kills) * 150 * 6,
                     .groups_per_second = 150,
                     .keying = Keying::ByGroup,
                     .finished_ttl_ms = 12'000});
  RunningWorkload running(workload, brokers(), topic());

  kill_in_a_loop(*collector, kills, seed, 5s);
  running.stop();

  const auto report = check_all(workload.produced(), 90s, "12.5");
  EXPECT_TRUE(is_exactly_once(report));
  measured("kill_groups", static_cast<double>(report.groups));
  measured("kill_timeouts", static_cast<double>(report.timeouts));
}

TEST_F(Kill, LeavesOneRightOutcomeForEachGroupWithoutKeys) {
  const auto seed = static_cast<std::uint64_t>(from_environment("EBC_SEED", 4711));
  fmt::print("EBC_SEED={}\n", seed);
  make_topic(4);
  auto collector = start_collector();
  Workload workload(
      {.seed = seed, .groups = 20'000, .groups_per_second = 150, .keying = Keying::None, .finished_ttl_ms = 12'000});
  RunningWorkload running(workload, brokers(), topic());

  kill_in_a_loop(*collector, 6, seed, 5s);
  running.stop();

  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 90s, "12.5")));
}

TEST_F(Kill, LosesNothingAtLeastOnce) {
  make_topic(4);
  auto collector = start_collector({"--guarantee", "at-least-once"});
  Workload workload({.seed = 99, .groups = 10'000, .groups_per_second = 150, .finished_ttl_ms = 8'000});
  RunningWorkload running(workload, brokers(), topic());

  kill_in_a_loop(*collector, 5, 99, 5s);
  running.stop();

  const auto report = check_all(workload.produced(), 90s);
  EXPECT_EQ(report.missing, 0U) << report.text();
  EXPECT_EQ(report.unsatisfied, 0U) << report.text();
  EXPECT_EQ(report.unplanned, 0U) << report.text();
  measured("at_least_once_doubles", static_cast<double>(report.duplicates));
  measured("at_least_once_wrong_doubles", static_cast<double>(report.wrong));
}

}  // namespace
}  // namespace ebc::broker_test
