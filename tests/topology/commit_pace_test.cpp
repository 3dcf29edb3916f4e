// When a commit is due.
#include <gtest/gtest.h>

#include "tests/topology/word_count.h"
#include "topology/testing/test_driver.h"

namespace ebc::topology::testing {
namespace {

class CommitPace : public ::testing::Test {
 protected:
  /// One more record is at hand whenever the worker looks, this old.
  void turn_after(Duration time, Duration age) {
    driver.advance_while_down(time);
    driver.append(0, "sun", "sun", driver.now() - age);
    ASSERT_TRUE(driver.worker().turn().ok());
  }
  std::uint64_t commits() { return driver.worker().counters().commits.load() - before; }

  TopologyTestDriver driver{example::word_count(), {.partitions = 1, .output_topics = {"counts"}}};
  std::uint64_t before = driver.worker().counters().commits.load();
};

TEST_F(CommitPace, KeepsTheIntervalWhileInputKeepsComing) {
  turn_after(Duration{0}, Duration{0});
  turn_after(Duration{99}, Duration{0});
  EXPECT_EQ(commits(), 0u);
  turn_after(Duration{1}, Duration{0});
  EXPECT_EQ(commits(), 1u);
}

TEST_F(CommitPace, TakesThreeTimesAsLongInABacklog) {
  turn_after(Duration{0}, Duration{60'000});
  turn_after(Duration{299}, Duration{60'000});
  EXPECT_EQ(commits(), 0u);
  turn_after(Duration{1}, Duration{60'000});
  EXPECT_EQ(commits(), 1u);
}

TEST_F(CommitPace, IsThatOfTheIntervalAgainOnceTheBacklogIsRead) {
  turn_after(Duration{0}, Duration{60'000});
  turn_after(Duration{150}, Duration{60'000});
  EXPECT_EQ(commits(), 0u);
  turn_after(Duration{1}, Duration{0});
  EXPECT_EQ(commits(), 1u);
}

}  // namespace
}  // namespace ebc::topology::testing
