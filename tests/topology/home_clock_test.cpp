#include "topology/home_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/topology/word_count.h"
#include "topology/murmur2.h"
#include "topology/testing/test_driver.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Timestamp kStart = timestamp_from_ms(1'700'000'000'000);

/// One instance's clock over a board that the test writes, as a stream thread would.
class Clocked : public ::testing::Test {
 protected:
  Clocked() {
    for (const char* topic : {"in", "re", "log"}) log.create_topic(topic, 2);
  }

  void hold(Partition home) {
    board.entry(home).next_punctuation_ms = to_ms(kNever);
    board.entry(home).clock_ms = to_ms(kStart);
    board.entry(home).epoch = board.new_epoch();
  }
  void input(Partition p) { log.append({"in", p}, {.key = {}, .value = "x", .timestamp = kStart, .headers = {}}); }
  void settle(Partition p, Offset next) {
    board.entry(p).input_read_next = next;
    board.entry(p).input_settled_next = next;
  }
  /// The times the clock was set to, by home, since the last call.
  std::vector<std::pair<Partition, Timestamp>> tick_at(Timestamp now) {
    told.clear();
    clock.step(now);
    return told;
  }

  FakeLog log;
  FakeFaults faults;
  HomeBoard board{2};
  FakeOffsets offsets{log, {"in", "re", "log"}, faults};
  std::vector<std::pair<Partition, Timestamp>> told;
  HomeClock clock{HomeClockConfig{}, board, offsets,
                  [this](int, ClockAdvance advance) { told.emplace_back(advance.home, advance.clock); }};
};

TEST_F(Clocked, TakesThePresentWhenThereIsNothingToRead) {
  hold(0);
  hold(1);
  EXPECT_THAT(tick_at(kStart), ElementsAre(std::pair{0, kStart}, std::pair{1, kStart}));
}

TEST_F(Clocked, WaitsUntilTheInputIsReadToTheEndItHadThen) {
  hold(0);
  hold(1);
  input(0);
  EXPECT_THAT(tick_at(kStart), IsEmpty());
  input(0);  // comes later, so it isn't waited for
  settle(0, 1);
  EXPECT_THAT(tick_at(kStart + Duration{700}), ElementsAre(std::pair{0, kStart}, std::pair{1, kStart}));
}

TEST_F(Clocked, WaitsForTheCommittedOffsetsOfPartitionsHeldElsewhere) {
  hold(0);
  input(1);
  EXPECT_THAT(tick_at(kStart), IsEmpty());
  EXPECT_THAT(tick_at(kStart + Duration{5'000}), IsEmpty());
  EXPECT_THAT(clock.held_up_by(kStart + Duration{6'000}), ::testing::HasSubstr("input partition 1"));
  EXPECT_EQ(clock.held_up(kStart + Duration{6'000}), (std::pair{Partition{1}, Duration{6'000}}));
  log.commit_offsets({{{"in", 1}, 1}});
  EXPECT_THAT(tick_at(kStart + Duration{6'000}), ElementsAre(std::pair{0, kStart}));
  EXPECT_EQ(clock.held_up(kStart + Duration{6'000}), std::nullopt);
}

TEST_F(Clocked, BlamesThePartitionThatWasFirstForAsLongAsItIsNotRead) {
  hold(0);
  hold(1);
  input(0);
  EXPECT_THAT(tick_at(kStart), IsEmpty());
  board.entry(1).epoch = 0;  // its home is taken anew, and it has a record too
  input(1);
  EXPECT_THAT(tick_at(kStart + Duration{3'000}), IsEmpty());
  EXPECT_EQ(clock.held_up(kStart + Duration{3'000}), (std::pair{Partition{0}, Duration{3'000}}));
}

TEST_F(Clocked, WaitsUntilWhatHoppedIsReadToo) {
  hold(0);
  hold(1);
  log.append({"re", 1}, {.key = {}, .value = "x", .timestamp = kStart, .headers = {}});
  EXPECT_THAT(tick_at(kStart), IsEmpty());
  board.entry(1).repartition_read_next = 1;
  EXPECT_EQ(tick_at(kStart + Duration{30}).size(), 2u);
}

TEST_F(Clocked, DoesNotAdvanceAHoldingThatEndedMeanwhile) {
  hold(0);
  hold(1);
  input(0);
  EXPECT_THAT(tick_at(kStart), IsEmpty());
  hold(1);  // dropped and taken anew: what it had read isn't known any more
  settle(0, 1);
  EXPECT_THAT(tick_at(kStart + Duration{30}), ElementsAre(std::pair{0, kStart}));
}

class HeldBack : public Clocked {
 protected:
  void SetUp() override {
    hold(0);
    hold(1);
    for (const auto& stranger : strangers) {
      log.append({"in", 0}, {.key = {}, .value = "x", .timestamp = kStart, .headers = {}}, stranger);
    }
    EXPECT_THAT(tick_at(kStart), IsEmpty());
  }
  /// Looks once a second; the second from the start at which the clock moves, -1 if it doesn't.
  int moves_between(int from, int until) {
    for (int s = from; s <= until; ++s) {
      const Timestamp now = kStart + Duration{s * 1'000};
      if (!tick_at(now).empty() || !tick_at(now + Duration{5}).empty()) return s;
    }
    return -1;
  }
  const std::vector<ProducerEpoch> strangers{log.init_producer("one"), log.init_producer("two")};
};

TEST_F(HeldBack, ByATransactionThatHangsItWaitsAsLongAsTheBrokerMayTakeToEndOneOfOurs) {
  EXPECT_EQ(moves_between(1, 30), 23) << "22 s from when it was first looked at, a second after the tick began";
}

// A tick that began before the broker went away must not take the first thing that is heard of it for the last.
TEST_F(HeldBack, WhileTheBrokerIsSilentNoTimeCounts) {
  EXPECT_EQ(moves_between(1, 10), -1);
  faults.offsets_silent = true;
  EXPECT_EQ(moves_between(11, 40), -1);
  faults.offsets_silent = false;
  EXPECT_EQ(moves_between(41, 80), 63);
}

TEST_F(HeldBack, ByOneTransactionAfterTheOtherItWaitsForEach) {
  EXPECT_EQ(moves_between(1, 20), -1);
  log.end_transaction(strangers[0], true);
  settle(0, 1);
  EXPECT_EQ(moves_between(21, 60), 43);
}

TEST_F(Clocked, NeverGivesUpOnABacklog) {
  hold(0);
  hold(1);
  input(0);
  for (int s = 0; s < 100; ++s) EXPECT_THAT(tick_at(kStart + Duration{s * 1'000}), IsEmpty());
}

TEST_F(Clocked, RepeatsATickThatWouldMoveFarWhileItBringsNews) {
  hold(0);
  hold(1);
  board.entry(0).clock_ms = to_ms(kStart - Duration{60'000});
  input(0);
  EXPECT_THAT(tick_at(kStart), IsEmpty());
  input(1);  // what the home wrote while it caught up
  settle(0, 1);
  EXPECT_THAT(tick_at(kStart + Duration{10}), IsEmpty());
  EXPECT_THAT(tick_at(kStart + Duration{20}), IsEmpty());
  settle(1, 1);
  EXPECT_EQ(tick_at(kStart + Duration{30}).size(), 2u);
}

class ADeadline : public ::testing::Test {
 protected:
  TopologyTestDriver driver{example::word_count(), {.partitions = 2, .output_topics = {"counts"}}};
};

TEST_F(ADeadline, DoesNotPassWhileABacklogOfItsTimeIsUnread) {
  driver.pipe("sun", "sun");
  driver.commit();
  driver.crash();
  // Said in time, though nobody listened.
  driver.append(home_of("sun", 2), std::nullopt, "sun", driver.now() + Duration{500});
  driver.advance_while_down(Duration{60'000});
  driver.restart();
  driver.advance(Duration{100});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun total 2"));
}

TEST_F(ADeadline, PassesWithinTheNextTickWhenCaughtUp) {
  driver.pipe("sun", "sun");
  driver.advance(Duration{1'000});
  EXPECT_EQ(driver.read("counts").size(), 1u);
  driver.advance(Duration{25});
  EXPECT_EQ(driver.read("counts").size(), 1u);
}

}  // namespace
}  // namespace ebc::topology::testing
