// Real processes, a real broker, faults by seed: every group gets its one right outcome. How to run it for hours, and
// how to play a seed again: docs/testing.md.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/chaos/chaos_run.h"

namespace ebc::chaos {
namespace {

class Chaos : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() /
        fmt::format("ebc-chaos-{}-{}", ::testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    if (HasFailure()) {
      fmt::print("the logs are kept: {}\n", folder_.string());
      return;
    }
    std::filesystem::remove_all(folder_);
  }

  ChaosResult run(const ChaosOptions& options) {
    const auto version = broker_test::run_process(
        broker_test::collector_binary(),
        {.arguments = {"--version"}, .environment = {}, .input = "", .output = folder_ / "version.log"}, 10s);
    fmt::print("CHAOS seed={} {} instances={} rate={} duration={} s kills={} broker_kills={}\n{}", options.seed,
               options.at_least_once ? "at-least-once" : "exactly-once", options.instances, options.groups_per_second,
               options.duration.count() / 1'000, options.kills, options.broker_kills, version.output);
    const broker_test::Stopwatch stopwatch;
    auto result = ChaosRun(options, folder_).run();
    std::size_t faults = 0;
    for (const auto& [name, times] : result.faults) {
      fmt::print("CHAOS {:>6} {}\n", times, name);
      faults += name.starts_with('(') ? 0 : times;
    }
    fmt::print("CHAOS {:>6} faults in all, seed {}\n", faults, options.seed);
    fmt::print("CHAOS {}\n", result.outcomes.text());
    fmt::print(
        "CHAOS {} groups that were to time out had events that came into the log late; {} are left out: the load's own "
        "producer doesn't know whether their events are in the log\n",
        result.delayed_groups, result.outcomes.doubtful);
    fmt::print("CHAOS {}\n", result.letters.text());
    fmt::print(
        "CHAOS slowest end after SIGTERM {} ms, {} given up without a broker, {} before the program's first line; all "
        "ready {} ms after the last fault; {} s in all\n",
        result.slowest_end_ms, result.forced_ends, result.unborn_ends, result.ready_after_ms, stopwatch.ms() / 1'000);
    for (const auto& end : result.bad_ends) fmt::print("CHAOS {}\n", end);
    return result;
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(Chaos, LeavesOneRightOutcomeForEachGroup) {
  const auto result = run(from_environment({.seed = 20261124}));

  EXPECT_TRUE(broker_test::is_exactly_once(result.outcomes));
  EXPECT_TRUE(result.letters.exactly_once()) << result.letters.text();
  EXPECT_TRUE(result.bad_ends.empty()) << fmt::format("{}", fmt::join(result.bad_ends, "\n"));
  EXPECT_GT(result.outcomes.successes, 0U);
  EXPECT_GT(result.outcomes.errors, 0U);
  EXPECT_GT(result.outcomes.timeouts, 0U);
  EXPECT_LE(result.outcomes.doubtful, result.outcomes.groups / 50) << "too few groups to speak of";
}

TEST_F(Chaos, LosesNothingAtLeastOnce) {
  const auto result =
      run(from_environment({.seed = 20261124, .duration = 25s, .finished_ttl_ms = 20'000, .at_least_once = true}));

  EXPECT_EQ(result.outcomes.missing, 0U) << result.outcomes.text();
  EXPECT_EQ(result.outcomes.unsatisfied, 0U) << result.outcomes.text();
  EXPECT_EQ(result.outcomes.unplanned, 0U) << result.outcomes.text();
  EXPECT_TRUE(result.letters.all_explained()) << result.letters.text();
  EXPECT_TRUE(result.bad_ends.empty()) << fmt::format("{}", fmt::join(result.bad_ends, "\n"));
}

}  // namespace
}  // namespace ebc::chaos
