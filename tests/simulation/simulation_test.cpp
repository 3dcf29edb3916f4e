// The short form of the simulation, and tests of what it judges by.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdlib>

#include "tests/simulation/history.h"
#include "tests/simulation/model.h"

namespace ebc::simulation {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Simulation, HoldsWhatMustHoldInManyHistories) {
  using Clock = std::chrono::steady_clock;
  const std::uint64_t first = from_environment("EBC_SIMULATION_SEED", 1);
  const std::uint64_t histories = from_environment("EBC_SIMULATION_HISTORIES", 10'000);
  const auto limit = std::chrono::seconds(from_environment("EBC_SIMULATION_SECONDS", 25));
  const auto began = Clock::now();
  std::uint64_t played = 0, kills = 0, commits = 0;
  for (; played < histories && Clock::now() - began < limit; ++played) {
    const HistoryResult result = play_history(first + played);
    ASSERT_EQ(result.failure, "") << "again: simulation --seed " << result.seed << " --histories 1 --trace";
    kills += result.kills;
    commits += result.commits;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  std::printf("MEASURED %llu histories in %.1f s (%.0f a minute): %llu commits, %llu kills\n",
              static_cast<unsigned long long>(played), seconds, static_cast<double>(played) * 60 / seconds,
              static_cast<unsigned long long>(commits), static_cast<unsigned long long>(kills));
  EXPECT_GT(played, 0u);
}

TEST(Simulation, PlaysASeedAgainStepByStep) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const HistoryResult once = play_history(seed);
    const HistoryResult again = play_history(seed);
    EXPECT_EQ(once.digest, again.digest) << "seed " << seed;
    EXPECT_EQ(once.steps, again.steps) << "seed " << seed;
  }
}

/// A group of two entities, read in one way, with an outcome and dead letters to be set by the test.
class Judging : public ::testing::Test {
 protected:
  Judging() {
    group_.id = "g";
    group_.expected = 2;
    group_.ttl = Duration{1'000};
    group_.payload = "7";
    group_.events.resize(3);
    set(0, SentEvent::Kind::Create, 0);
    set(1, SentEvent::Kind::Done, 100);
    set(2, SentEvent::Kind::Done, 200);
    group_.events[1].entity = 0;
    group_.events[1].result = "1";
    group_.events[2].entity = 1;
    group_.events[2].result = "2";
    story_.group = &group_;
    for (const SentEvent& event : group_.events) story_.direct.push_back(&event);
  }

  void set(std::size_t number, SentEvent::Kind kind, std::int64_t ms) {
    SentEvent& event = group_.events[number];
    event.kind = kind;
    event.offset = static_cast<Offset>(number);
    event.timestamp = event.appended = timestamp_from_ms(ms);
  }

  void see(const std::string& json) {
    const auto outcome = parse_outcome(json);
    ASSERT_TRUE(outcome.has_value());
    story_.outcomes.push_back(*outcome);
  }

  std::string verdict() const { return judge(story_, {.input_topic = "in", .at_least_once = at_least_once_}); }

  static constexpr const char* kSuccess =
      R"({"type":"EventGroupCollectorSuccess","id":"g","created":"1970-01-01T00:00:00.000Z",)"
      R"("resolved":"1970-01-01T00:00:00.200Z","results":{"e0":1,"e1":2},"payload":7,"origin":"in/0/0"})";
  static constexpr const char* kTimeout =
      R"({"type":"EventGroupCollectorFailure","id":"g","entity":"g","error":"Operation timed out after 1 seconds",)"
      R"("cause":"timeout","created":"1970-01-01T00:00:00.000Z","resolved":"1970-01-01T00:00:01.000Z",)"
      R"("results":{"e0":1},"payload":7,"origin":"in/0/0","missing":["e1"],"missingCount":1})";

  SentGroup group_;
  GroupStory story_;
  bool at_least_once_ = false;
};

TEST_F(Judging, AcceptsTheOutcome) {
  see(kSuccess);
  EXPECT_EQ(verdict(), "");
}

TEST_F(Judging, RefusesNoOutcome) { EXPECT_NE(verdict(), ""); }

TEST_F(Judging, RefusesTwo) {
  see(kSuccess);
  see(kSuccess);
  EXPECT_NE(verdict(), "");
}

TEST_F(Judging, RefusesAnotherResult) {
  std::string other = kSuccess;
  other.replace(other.find("\"e1\":2"), 6, "\"e1\":3");
  see(other);
  EXPECT_NE(verdict(), "");
}

TEST_F(Judging, RefusesATimeoutOfAGroupFinishedInTime) {
  see(kTimeout);
  story_.letters[place_of(group_.events[2])] = {"late"};
  EXPECT_NE(verdict(), "");
}

TEST_F(Judging, AcceptsATimeoutWhenTheLastEventCameTooLate) {
  set(2, SentEvent::Kind::Done, 1'200);
  see(kTimeout);
  story_.letters[place_of(group_.events[2])] = {"late"};
  EXPECT_EQ(verdict(), "");
}

TEST_F(Judging, AcceptsEitherWhenTheEventWasMadeInTimeAndArrivedTooLate) {
  group_.events[2].timestamp = timestamp_from_ms(900);
  group_.events[2].appended = timestamp_from_ms(1'100);
  see(kTimeout);
  story_.letters[place_of(group_.events[2])] = {"late"};
  EXPECT_EQ(verdict(), "");
  story_.letters.clear();
  story_.outcomes.clear();
  std::string success = kSuccess;
  success.replace(success.find("00.200Z"), 7, "00.900Z");
  see(success);
  EXPECT_EQ(verdict(), "");
}

TEST_F(Judging, RefusesALostEvent) {
  // Neither counted nor dead-lettered: there is no way in which that may happen.
  set(2, SentEvent::Kind::Done, 1'200);
  see(kTimeout);
  EXPECT_NE(verdict(), "");
}

class JudgingAtLeastOnce : public Judging {
 protected:
  JudgingAtLeastOnce() { at_least_once_ = true; }
};

TEST_F(JudgingAtLeastOnce, AcceptsTheOutcomeTwice) {
  see(kSuccess);
  see(kSuccess);
  EXPECT_EQ(verdict(), "");
}

TEST_F(JudgingAtLeastOnce, RefusesNoOutcome) { EXPECT_NE(verdict(), ""); }

TEST_F(JudgingAtLeastOnce, RefusesAnOutcomeBesideTheRightOneThatNothingExplains) {
  see(kSuccess);
  std::string other = kSuccess;
  other.replace(other.find("\"e1\":2"), 6, "\"e1\":3");
  see(other);
  EXPECT_NE(verdict(), "");
  story_.outcomes.pop_back();
  see(kTimeout);
  EXPECT_NE(verdict(), "") << "it was finished in time";
}

TEST_F(JudgingAtLeastOnce, RefusesALetterThatNothingExplains) {
  see(kSuccess);
  story_.letters[place_of(group_.events[2])] = {"already-settled"};
  EXPECT_NE(verdict(), "");
}

}  // namespace
}  // namespace ebc::simulation

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (std::getenv("EBC_TEST_LOG") == nullptr) spdlog::set_level(spdlog::level::off);
  return RUN_ALL_TESTS();
}
