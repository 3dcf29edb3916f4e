#include "tests/topology/word_count.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topology/murmur2.h"
#include "topology/testing/test_driver.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class WordCountOnTheEngine : public ::testing::Test {
 protected:
  TopologyTestDriver driver{example::word_count(), {.partitions = 4, .output_topics = {"counts"}}};

  void say(const std::string& word, Partition where = 0) { driver.pipe(where, std::nullopt, word); }
};

TEST_F(WordCountOnTheEngine, CountsAWordWhateverPartitionItCameBy) {
  for (Partition p = 0; p < 4; ++p) say("sun", p);
  driver.commit();
  driver.commit();  // the hops are readable only now
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun 3", "sun 4"));
}

TEST_F(WordCountOnTheEngine, ShowsNothingBeforeTheCommit) {
  say("sun", home_of("sun", 4));
  EXPECT_THAT(driver.read("counts"), IsEmpty());
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
}

TEST_F(WordCountOnTheEngine, ForgetsWhatACrashInterruptedAndDoesItAgain) {
  driver.pipe("sun", "sun");
  driver.commit();
  driver.pipe("sun", "sun");
  driver.crash();
  driver.restart();
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
}

TEST_F(WordCountOnTheEngine, RestoresFromTheChangelogWhenTheDiskIsLost) {
  for (int i = 0; i < 5; ++i) driver.pipe("sun", "sun");
  driver.commit();
  driver.crash();
  driver.restart(/*keep_disk=*/false);
  driver.pipe("sun", "sun");
  driver.commit();
  EXPECT_EQ(driver.read_values("counts").back(), "sun 6");
  EXPECT_GT(driver.restores(), 0);
}

TEST_F(WordCountOnTheEngine, ReplaysNothingWhenTheDiskIsUpToDate) {
  for (int i = 0; i < 5; ++i) driver.pipe("sun", "sun");
  driver.commit();
  driver.crash();
  driver.restart();
  EXPECT_EQ(driver.restores(), 0);
}

TEST_F(WordCountOnTheEngine, PunctuatesWhenTheHomesClockHasPassedTheDeadline) {
  driver.pipe("sun", "sun");
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
  driver.advance(Duration{600});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun total 1"));
}

TEST_F(WordCountOnTheEngine, PunctuatesOnceAfterACrashThatInterruptedIt) {
  driver.pipe("sun", "sun");
  driver.commit();
  driver.crash();
  driver.restart();
  driver.advance(Duration{5'000});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun total 1"));
}

TEST_F(WordCountOnTheEngine, KeepsEachWordInOneHomeOnly) {
  for (const char* word : {"sun", "moon", "star", "sky"}) {
    for (Partition p = 0; p < 4; ++p) say(word, p);
  }
  driver.commit();
  driver.commit();
  EXPECT_EQ(driver.read("counts").size(), 16u);
  int rows = 0;
  for (Partition home = 0; home < 4; ++home) {
    EXPECT_TRUE(driver.disk(home).scan("\x10", "\x11", [&](auto, auto) { return ++rows > 0; }).ok());
  }
  EXPECT_EQ(rows, 4);
}

}  // namespace
}  // namespace ebc::topology::testing
