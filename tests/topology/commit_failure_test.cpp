// Whatever becomes of a commit, each word is counted exactly once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/topology/word_count.h"
#include "topology/murmur2.h"
#include "topology/testing/test_driver.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CommitFailureTest : public ::testing::TestWithParam<CommitFailure> {
 protected:
  TopologyTestDriver driver{example::word_count(), {.partitions = 2, .output_topics = {"counts"}}};

  /// Lets the pause before the next producer pass.
  void wait_for_recovery() { driver.advance(Duration{200}); }
};

TEST_P(CommitFailureTest, LeavesExactlyOneOutputForEachInput) {
  driver.pipe("sun", "sun");
  driver.commit();
  driver.pipe("sun", "sun");
  driver.fail_next_commit(GetParam());
  driver.commit();
  wait_for_recovery();
  driver.pipe("sun", "sun");
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun 3"));
}

TEST_P(CommitFailureTest, LosesNoHop) {
  const Partition elsewhere = 1 - home_of("sun", 2);
  driver.pipe(elsewhere, std::nullopt, "sun");
  driver.fail_next_commit(GetParam());
  driver.commit();
  wait_for_recovery();
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
}

TEST_P(CommitFailureTest, LetsNothingThatHoppedBePurgedBeforeItCounts) {
  const Partition home = home_of("sun", 2);
  driver.pipe(1 - home, std::nullopt, "sun");
  driver.commit();
  driver.commit();
  const Offset before = driver.purged_below(home);
  EXPECT_GT(before, 0);
  driver.pipe(1 - home, std::nullopt, "sun");
  driver.commit();
  driver.fail_next_commit(GetParam());
  driver.commit();
  EXPECT_LE(driver.purged_below(home), before);
  wait_for_recovery();
  driver.pipe(1 - home, std::nullopt, "sun");
  driver.commit();
  driver.commit();
  EXPECT_GT(driver.purged_below(home), before);
}

TEST_P(CommitFailureTest, SurvivesACrashRightAfterIt) {
  driver.pipe("sun", "sun");
  driver.fail_next_commit(GetParam());
  driver.commit();
  driver.crash();
  driver.restart();
  driver.pipe("sun", "sun");
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
}

INSTANTIATE_TEST_SUITE_P(Every, CommitFailureTest,
                         ::testing::Values(CommitFailure::Refused, CommitFailure::UnknownCommitted,
                                           CommitFailure::UnknownAborted, CommitFailure::Fenced),
                         [](const auto& tested) {
                           switch (tested.param) {
                             case CommitFailure::Refused:
                               return "Refused";
                             case CommitFailure::UnknownCommitted:
                               return "UnknownCommitted";
                             case CommitFailure::UnknownAborted:
                               return "UnknownAborted";
                             case CommitFailure::Fenced:
                               return "Fenced";
                             case CommitFailure::None:
                               break;
                           }
                           return "None";
                         });

class Commit : public ::testing::Test {
 protected:
  TopologyTestDriver driver{example::word_count(), {.partitions = 2, .output_topics = {"counts"}}};
};

// A rebalance refuses the offsets of the generation before, and homes that stay shouldn't wait for it: no question is
// asked, and the same producer goes on.
TEST_F(Commit, ThatWasRefusedOnceIsDoneAgainAtOnce) {
  driver.pipe("sun", "sun");
  driver.commit();
  driver.faults().offsets_silent = true;
  driver.pipe("sun", "sun");
  driver.pipe(1 - home_of("sun", 2), std::nullopt, "sun");
  driver.fail_next_commit(CommitFailure::Refused);
  driver.commit();
  driver.commit();  // what hopped in it is read after it
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun 3"));
  EXPECT_EQ(driver.worker().producers_made(), 1U);
}

TEST_F(Commit, ThatIsRefusedAgainLeavesNothingToMemory) {
  driver.pipe("sun", "sun");
  driver.commit();
  driver.pipe("sun", "sun");
  for (int i = 0; i < 2; ++i) {
    driver.fail_next_commit(CommitFailure::Refused);
    driver.commit();
  }
  EXPECT_TRUE(driver.worker().running().empty());
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
  EXPECT_EQ(driver.worker().producers_made(), 2U);
}

TEST_F(Commit, SendsNothingWithAMembershipThatIsVoid) {
  driver.pipe("sun", "sun");
  driver.faults().membership_void = true;
  driver.commit();
  driver.advance(Duration{200});
  EXPECT_THAT(driver.read("counts"), IsEmpty());
  driver.faults().membership_void = false;
  driver.advance(Duration{6'000});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun total 1"));
}

TEST_F(Commit, TakesTheHomeAnewWhenTheDiskIsFullAfterTheTransactionHasCounted) {
  driver.disk(home_of("sun", 2)).fail_next_apply({Verdict::Retry, "disk full, as the test wants it"});
  driver.pipe("sun", "sun");
  driver.commit();
  driver.pipe("sun", "sun");
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
  EXPECT_GT(driver.restores(), 0);
}

// They are what fences: a member that was put out could commit its timeouts else.
TEST_F(Commit, OfTimeoutsOnlySendsTheOffsetsOfItsHome) {
  const Partition home = home_of("sun", 2);
  driver.pipe("sun", "sun");
  driver.commit();
  driver.log().expire_offsets({TopologyTestDriver::kInput, home});
  driver.log().expire_offsets({TopologyTestDriver::kRepartition, home});
  driver.advance(Duration{6'000});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun total 1"));
  EXPECT_EQ(driver.log().committed({TopologyTestDriver::kInput, home}), 1);
  EXPECT_EQ(driver.log().committed({TopologyTestDriver::kRepartition, home}), 0);
}

TEST_F(Commit, IsMadeBeforeAPartitionIsGivenUp) {
  const Partition home = home_of("sun", 2);
  driver.pipe("sun", "sun");
  driver.rebalance({}, {home});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
}

TEST_F(Commit, IsNotMadeForAPartitionThatWasLost) {
  const Partition home = home_of("sun", 2);
  driver.pipe("sun", "sun");
  driver.rebalance({}, {}, {home});
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read("counts"), IsEmpty());
  driver.rebalance({home});
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
}

TEST_F(Commit, DropsRecordsThatAreDeliveredAgain) {
  const Partition home = home_of("sun", 2);
  const Offset offset = driver.pipe("sun", "sun");
  driver.commit();
  const std::string word = "sun";
  driver.faults().redelivered.push_back({.log = {Channel::Input, home},
                                         .offset = offset,
                                         .record = {.topic = "input",
                                                    .partition = home,
                                                    .offset = offset,
                                                    .timestamp = driver.now(),
                                                    .key = std::nullopt,
                                                    .value = word,
                                                    .headers = {}}});
  driver.process();
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
  EXPECT_EQ(driver.worker().counters().stale_records.load(), 1u);
}

TEST_F(Commit, IsFollowedByANewProducerWhenItWasSlow) {
  driver.faults().commits_are_slow = true;
  for (int i = 0; i < 3; ++i) {
    driver.pipe("sun", "sun");
    driver.commit();
  }
  EXPECT_EQ(driver.faults().begun_with_late_copies, 0);
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun 3"));
}

TEST(CommitInTheMiddleOfABatch, IsFollowedByANewProducerWhenItWasSlow) {
  TopologyTestDriver driver(example::word_count(), {.partitions = 1, .output_topics = {"counts"}, .buffer_records = 1});
  driver.faults().commits_are_slow = true;
  for (int i = 0; i < 3; ++i) driver.append(0, std::nullopt, "sun");
  driver.process();
  driver.commit();
  EXPECT_EQ(driver.faults().begun_with_late_copies, 0);
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun 3"));
}

TEST_F(Commit, OfARevokeIsFollowedByANewProducerWhenItWasSlow) {
  const Partition kept = home_of("sun", 2);
  driver.pipe("sun", "sun");
  driver.faults().commits_are_slow = true;
  driver.append(kept, "sun", "sun");
  driver.rebalance({}, {1 - kept});  // in the same poll as the record
  driver.commit();
  EXPECT_EQ(driver.faults().begun_with_late_copies, 0);
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
}

TEST_F(Commit, OfARevokeLeavesTheAnswerToTheSourceWhenTheDiskIsFull) {
  const Partition kept = home_of("sun", 2);
  driver.pipe("sun", "sun");
  driver.disk(kept).fail_next_apply({Verdict::Retry, "disk full, as the test wants it"});
  driver.rebalance({}, {1 - kept});
  EXPECT_EQ(driver.faults().assignments_changed_in_callback, 0);
  driver.pipe("sun", "sun");
  driver.commit();
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
}

}  // namespace
}  // namespace ebc::topology::testing
