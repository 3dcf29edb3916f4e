#include "topology/take_home.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/topology/word_count.h"
#include "topology/local_trust.h"
#include "topology/take_queue.h"
#include "topology/testing/test_driver.h"

namespace ebc::topology::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TakingAHome : public ::testing::Test {
 protected:
  TopologyTestDriver driver{example::word_count(), {.partitions = 1, .output_topics = {"counts"}}};
  const FakeLog::TopicPartition input{TopologyTestDriver::kInput, 0};
  const FakeLog::TopicPartition changelog{TopologyTestDriver::kChangelog, 0};

  void say(const std::string& word) {
    driver.pipe(0, std::nullopt, word);
    driver.commit();
  }
};

TEST_F(TakingAHome, WaitsForAPendingTransactionThatHoldsItsOffsets) {
  say("sun");
  driver.crash();
  const ProducerEpoch stranger = driver.log().init_producer("another-instance");
  driver.log().send_offsets({{input, 1}}, stranger);
  driver.restart();
  driver.pipe(0, std::nullopt, "sun");
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
  driver.log().end_transaction(stranger, false);
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 2"));
}

TEST_F(TakingAHome, ReadsTheChangelogToTheHighWatermarkNotToTheLastStableOffset) {
  say("sun");
  driver.crash();
  // Another instance's transaction: its offsets count already, its changelog row has no marker yet.
  const ProducerEpoch other = driver.log().init_producer("another-instance");
  driver.log().append(changelog,
                      {.key = "\x10sun",
                       .value = "\x01"
                                "41",
                       .timestamp = driver.now(),
                       .headers = {}},
                      other);
  driver.restart();
  driver.pipe(0, std::nullopt, "sun");
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
  driver.log().end_transaction(other, true);
  driver.advance(Duration{500});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 42"));
}

TEST_F(TakingAHome, GoesOnFromTheProgressRowWhenTheGroupsOffsetsHaveExpired) {
  say("sun");
  driver.crash();
  driver.log().expire_offsets(input);
  driver.restart();
  say("sun");
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
  EXPECT_TRUE(driver.log().committed(input).has_value());
}

TEST_F(TakingAHome, StopsWhenTheChangelogHasLostRows) {
  say("sun");
  driver.crash();
  driver.log().commit_offsets({{input, 7}});
  driver.append(0, std::nullopt, "sun");
  driver.restart();
  EXPECT_EQ(driver.failure().verdict(), Verdict::Fatal);
  EXPECT_THAT(driver.failure().message(), HasSubstr("--on-lost-offsets earliest"));
}

TEST_F(TakingAHome, StopsWhenInputWasDeletedBeforeItWasRead) {
  say("sun");
  driver.crash();
  for (int i = 0; i < 5; ++i) driver.append(0, std::nullopt, "sun");
  driver.log().truncate(input, 4);
  driver.restart();
  EXPECT_EQ(driver.failure().verdict(), Verdict::Fatal);
  EXPECT_THAT(driver.failure().message(), HasSubstr("next offset 1 is outside of the topic's 4 to 6"));
}

TEST_F(TakingAHome, GoesOnAtTheStartOfTheInputWhenToldTo) {
  TopologyTestDriver told(example::word_count(),
                          {.partitions = 1, .output_topics = {"counts"}, .on_lost_offsets = OnLostOffsets::Earliest});
  told.pipe(0, std::nullopt, "sun");
  told.commit();
  told.crash();
  for (int i = 0; i < 5; ++i) told.append(0, std::nullopt, "sun");
  told.log().truncate(input, 4);
  told.restart();
  told.commit();
  EXPECT_THAT(told.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun 3"));
}

TEST_F(TakingAHome, DiscardsLocalStateThatIsBehindTheChangelogsStart) {
  say("sun");
  say("sun");
  driver.crash();
  ASSERT_TRUE(driver.disk(0).apply({}, 0).ok());
  driver.log().truncate(changelog, 1);
  driver.restart();
  say("sun");
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2", "sun 3"));
}

TEST_F(TakingAHome, DiscardsLocalStateThatIsAheadOfTheChangelog) {
  say("sun");
  driver.crash();
  const std::string ghost = "99";
  const state::Write write{"\x10sun", ghost};
  ASSERT_TRUE(driver.disk(0).apply({&write, 1}, 1'000).ok());
  driver.restart();
  say("sun");
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
}

TEST_F(TakingAHome, DiscardsLocalStateOfAnotherGenerationOfTheChangelog) {
  say("sun");
  driver.crash();
  Progress foreign{.generation = 4711, .input_next = 1, .written = driver.now()};
  const std::string row = encode(foreign), ghost = "99";
  const std::vector<state::Write> writes{{"\x10sun", ghost}, {kProgressKey, row}};
  // Only the changelog's newest progress row, and the marker behind it, are beyond the local position.
  ASSERT_TRUE(driver.disk(0).apply(writes, driver.log().end(changelog) - 2).ok());
  driver.restart();
  say("sun");
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1", "sun 2"));
}

TEST_F(TakingAHome, DiscardsLocalStateOlderThanTheChangelogKeepsTombstones) {
  say("sun");
  driver.crash();
  const int before = driver.restores();
  const std::string ghost = "99";
  const state::Write write{"\x10ghost", ghost};
  ASSERT_TRUE(driver.disk(0).apply({&write, 1}, driver.log().end(changelog)).ok());
  driver.advance_while_down(std::chrono::hours(13));
  driver.restart();
  say("ghost");
  EXPECT_GT(driver.restores(), before);
  EXPECT_EQ(driver.read_values("counts").back(), "ghost 1");
}

TEST_F(TakingAHome, IsAbandonedWhenThePartitionIsRevokedMeanwhile) {
  driver.faults().offsets_silent = true;
  driver.rebalance({}, {0});
  driver.rebalance({0});
  driver.rebalance({}, {0});
  driver.faults().offsets_silent = false;
  driver.advance(Duration{200});
  driver.pipe(0, std::nullopt, "sun");
  driver.advance(Duration{200});
  EXPECT_THAT(driver.read("counts"), IsEmpty());
  driver.rebalance({0});
  driver.advance(Duration{200});
  EXPECT_THAT(driver.read_values("counts"), ElementsAre("sun 1"));
}

/// A disk whose rows of one home can't be written until they are set aside.
class DamagedStores final : public HomeStores {
 public:
  Result<std::shared_ptr<state::CommittedStore>> open_home(Partition) override {
    if (damaged) store->fail_next_apply({Verdict::TaskCorrupted, "damaged, as the test wants it"});
    return std::shared_ptr<state::CommittedStore>(store);
  }
  Status quarantine_home(Partition) override {
    damaged = false;
    store = std::make_shared<state::MemoryStore>();
    return {};
  }
  bool damaged = true;
  std::shared_ptr<state::MemoryStore> store = std::make_shared<state::MemoryStore>();
};

TEST_F(TakingAHome, SetsAStoreAsideThatIsFoundDamagedWhileItIsRestored) {
  say("sun");
  driver.crash();
  const FakeTopics topics{TopologyTestDriver::kInput, TopologyTestDriver::kRepartition, TopologyTestDriver::kChangelog};
  FakeOffsets offsets(driver.log(), topics, driver.faults());
  FakeChangelogReader reader(driver.log(), topics);
  DamagedStores stores;
  ManualClock clock(driver.now());
  std::optional<Taken> taken;
  TakeQueue takes({}, stores, offsets, reader, clock, [&taken](int, WorkerMessage message) {
    if (auto* done = std::get_if<Taken>(&message)) taken = std::move(*done);
  });
  takes.request({.partition = 0, .epoch = 1});
  for (int i = 0; i < 10; ++i) takes.turn(Duration{0});
  ASSERT_TRUE(taken.has_value());
  EXPECT_FALSE(stores.damaged);
  EXPECT_EQ(taken->progress.input_next, 1);
}

/// Another instance has taken the home meanwhile, and writes on while the changelog is read here.
class OvertakenReader final : public ChangelogReader {
 public:
  OvertakenReader(FakeLog& log, FakeTopics topics) : log_(log), topics_(topics), reader_(log, topics) {}
  Status start(Partition home, Offset from) override {
    log_.append(topics_.at({Channel::Changelog, home}), {.key = "\x10moon",
                                                         .value = "\x01"
                                                                  "1",
                                                         .timestamp = {},
                                                         .headers = {}});
    return reader_.start(home, from);
  }
  void stop(Partition home) override { reader_.stop(home); }
  Status poll(Duration wait, const Visitor& visitor) override { return reader_.poll(wait, visitor); }

 private:
  FakeLog& log_;
  const FakeTopics topics_;
  FakeChangelogReader reader_;
};

class TakeQueueTest : public TakingAHome {
 protected:
  class Stores final : public HomeStores {
   public:
    Result<std::shared_ptr<state::CommittedStore>> open_home(Partition) override {
      return std::shared_ptr<state::CommittedStore>(store);
    }
    Status quarantine_home(Partition) override { return {}; }
    std::shared_ptr<state::MemoryStore> store = std::make_shared<state::MemoryStore>();
  };

  FakeTopics topics{TopologyTestDriver::kInput, TopologyTestDriver::kRepartition, TopologyTestDriver::kChangelog};
  FakeOffsets offsets{driver.log(), topics, driver.faults()};
  Stores stores;
  ManualClock clock{driver.now()};
  std::vector<std::pair<int, std::uint64_t>> taken;  ///< thread and epoch
  TakeQueue::Reply reply = [this](int thread, WorkerMessage message) {
    if (const auto* done = std::get_if<Taken>(&message)) taken.emplace_back(thread, done->epoch);
  };
};

TEST_F(TakeQueueTest, ClaimsNoPositionBeyondWhatItHasReadWhenAnotherHolderWritesOn) {
  say("sun");
  driver.crash();
  const Offset asked = driver.log().end(changelog);
  OvertakenReader reader(driver.log(), topics);
  TakeQueue takes({}, stores, offsets, reader, clock, reply);
  takes.request({.partition = 0, .epoch = 1});
  for (int i = 0; i < 5; ++i) takes.turn(Duration{0});
  ASSERT_EQ(taken.size(), 1u);
  std::string value;
  ASSERT_FALSE(*stores.store->get("\x10moon", value));
  EXPECT_EQ(stores.store->changelog_offset_next().value(), asked);
}

TEST_F(TakeQueueTest, AnswersTheOtherThreadWhenOneGivesTheHomeUpThatItHadLost) {
  FakeChangelogReader reader(driver.log(), topics);
  TakeQueue takes({}, stores, offsets, reader, clock, reply);
  driver.crash();
  driver.faults().offsets_silent = true;
  takes.request({.partition = 0, .epoch = 1, .thread = 0});
  takes.turn(Duration{0});
  takes.request({.partition = 0, .epoch = 2, .thread = 1});  // it hasn't learnt yet that it lost the home
  takes.turn(Duration{0});
  takes.cancel(0, 2);
  driver.faults().offsets_silent = false;
  for (int i = 0; i < 5; ++i) takes.turn(Duration{0});
  EXPECT_THAT(taken, ElementsAre(std::pair(0, std::uint64_t{1})));

  takes.request({.partition = 0, .epoch = 3, .thread = 1});
  takes.request({.partition = 0, .epoch = 4, .thread = 0});
  for (int i = 0; i < 5; ++i) takes.turn(Duration{0});
  EXPECT_THAT(taken, ElementsAre(::testing::_, std::pair(1, std::uint64_t{3}), std::pair(0, std::uint64_t{4})));
}

/// A changelog of which most has no progress row, as compaction leaves it.
class TakingALongChangelog : public TakeQueueTest {
 protected:
  TakingALongChangelog() {
    driver.crash();
    driver.log().truncate(changelog, driver.log().end(changelog));
    for (int i = 0; i < 2'500; ++i) {
      driver.log().append(
          changelog, {.key = "\x10moon", .value = "\x01" + std::to_string(i), .timestamp = clock.now(), .headers = {}});
    }
    const Progress progress{.generation = 1, .written = clock.now()};
    driver.log().append(changelog, {.key = std::string(kProgressKey),
                                    .value = "\x01" + encode(progress),
                                    .timestamp = clock.now(),
                                    .headers = {}});
    clock.advance(Duration{1'000});
  }

  /// Until a first part is in the store, with a row whose tombstone lies ahead.
  void begin(TakeQueue& takes) {
    takes.request({.partition = 0, .epoch = 1});
    for (int i = 0; i < 22; ++i) takes.turn(Duration{0});
    ASSERT_TRUE(taken.empty());
    const Offset position = stores.store->changelog_offset_next().value().value();
    ASSERT_LT(position, driver.log().end(changelog) - 1);
    const state::Write ghost{"\x10ghost", "1"};
    ASSERT_TRUE(stores.store->apply({&ghost, 1}, position).ok());
  }
  void end(TakeQueue& takes) {
    takes.request({.partition = 0, .epoch = 2});
    for (int i = 0; i < 60 && taken.empty(); ++i) takes.turn(Duration{0});
    ASSERT_EQ(taken.size(), 1u);
  }
  std::string stored(std::string_view key) {
    std::string value = "(absent)";
    EXPECT_TRUE(stores.store->get(key, value).ok());
    return value;
  }

  FakeChangelogReader reader{driver.log(), topics};
};

TEST_F(TakingALongChangelog, GoesOnWithARestoreThatWasBrokenOffLately) {
  TakeQueue broken({}, stores, offsets, reader, clock, reply);
  begin(broken);
  clock.advance(std::chrono::hours(11));
  TakeQueue takes({}, stores, offsets, reader, clock, reply);
  end(takes);
  EXPECT_EQ(stored("\x10ghost"), "1");
  EXPECT_EQ(stored("\x10moon"), "2499");
}

TEST_F(TakingALongChangelog, DiscardsARestoreThatWasBrokenOffTooLongAgo) {
  TakeQueue broken({}, stores, offsets, reader, clock, reply);
  begin(broken);
  clock.advance(std::chrono::hours(13));
  TakeQueue takes({}, stores, offsets, reader, clock, reply);
  end(takes);
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10moon"), "2499");
}

TEST_F(TakingALongChangelog, BeginsAnewWhenItWasStoppedInTheMiddleForTooLong) {
  TakeQueue takes({}, stores, offsets, reader, clock, reply);
  begin(takes);
  clock.advance(std::chrono::hours(13));
  for (int i = 0; i < 60 && taken.empty(); ++i) takes.turn(Duration{0});
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10moon"), "2499");
}

TEST_F(TakingALongChangelog, IsNotTakenForAStallWhileItGoesOn) {
  class Counting final : public ChangelogReader {
   public:
    explicit Counting(ChangelogReader& reader) : reader_(reader) {}
    Status start(Partition home, Offset from) override { return reader_.start(home, from); }
    void stop(Partition home) override { reader_.stop(home); }
    Status renew() override { return ++renewed, Status{}; }
    Status poll(Duration wait, const Visitor& visitor) override { return reader_.poll(wait, visitor); }
    int renewed = 0;

   private:
    ChangelogReader& reader_;
  } counting(reader);
  TakeQueue takes({}, stores, offsets, counting, clock, reply);
  takes.request({.partition = 0, .epoch = 2});
  for (int i = 0; i < 60 && taken.empty(); ++i) {
    takes.turn(Duration{0});
    clock.advance(Duration{10'000});
  }
  EXPECT_EQ(taken.size(), 1u);
  EXPECT_EQ(counting.renewed, 0);
}

/// While a take that has replayed stands still, another instance takes the home, works, and purges what hopped.
class OvertakingOffsets final : public LogOffsets {
 public:
  OvertakingOffsets(LogOffsets& offsets, std::function<void()> overtake)
      : offsets_(offsets), overtake_(std::move(overtake)) {}
  Result<int> input_partitions() override { return offsets_.input_partitions(); }
  Result<Positions> ends(std::span<const LogPartition> logs) override { return offsets_.ends(logs); }
  Result<Positions> starts(std::span<const LogPartition> logs) override {
    if (logs[0].channel == Channel::Input && overtake_) std::exchange(overtake_, nullptr)();
    return offsets_.starts(logs);
  }
  Result<Offset> offset_at(LogPartition log, Timestamp time) override { return offsets_.offset_at(log, time); }
  Result<Offset> last_stable_offset(LogPartition log) override { return offsets_.last_stable_offset(log); }
  Result<MaybePositions> stable_committed(std::span<const LogPartition> logs) override {
    return offsets_.stable_committed(logs);
  }
  Result<MaybePositions> committed(std::span<const LogPartition> logs) override { return offsets_.committed(logs); }

 private:
  LogOffsets& offsets_;
  std::function<void()> overtake_;
};

TEST_F(TakeQueueTest, AsksAgainWhenWhatItWouldReadNextWasPurgedBehindItsBack) {
  say("sun");
  driver.crash();
  const FakeLog::TopicPartition repartition{TopologyTestDriver::kRepartition, 0};
  FakeLog& log = driver.log();
  OvertakingOffsets overtaken(offsets, [&] {
    for (int i = 0; i < 3; ++i) log.append(repartition, {.key = "k", .value = "v", .timestamp = {}, .headers = {}});
    log.append(changelog,
               {.key = std::string(kProgressKey),
                .value = "\x01" + encode(Progress{.generation = stored_progress(*stores.store).value()->generation,
                                                  .input_next = 1,
                                                  .repartition_next = 3,
                                                  .written = clock.now()}),
                .timestamp = clock.now(),
                .headers = {}});
    log.commit_offsets({{input, 1}, {repartition, 3}});
    log.truncate(repartition, 3);
  });
  FakeChangelogReader reader(log, topics);
  std::optional<Taken> done;
  Status failed;
  TakeQueue takes({}, stores, overtaken, reader, clock, [&](int, WorkerMessage message) {
    if (auto* is = std::get_if<Taken>(&message)) done = std::move(*is);
    if (auto* is = std::get_if<TakeFailed>(&message)) failed = is->status;
  });
  takes.request({.partition = 0, .epoch = 1});
  for (int i = 0; i < 10; ++i) takes.turn(Duration{0});
  EXPECT_EQ(failed.message(), "");
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->progress.repartition_next, 3);
}

TEST(HomeBoardEntry, StaysWithALaterHoldingWhenAnEarlierOneEnds) {
  BoardEntry entry;
  entry.epoch.store(7);
  entry.let_go(6);
  EXPECT_EQ(entry.epoch.load(), 7u);
  entry.let_go(7);
  EXPECT_EQ(entry.epoch.load(), 0u);
}

}  // namespace
}  // namespace ebc::topology::testing
