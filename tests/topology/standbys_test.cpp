#include "topology/standbys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/memory_store.h"
#include "topology/progress.h"
#include "topology/testing/fake_clients.h"

namespace ebc::topology::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class TestStores final : public StandbyStores {
 public:
  Result<std::shared_ptr<state::CommittedStore>> open_standby(Partition) override {
    if (held) return Status(Verdict::Fenced, "held here");
    ++opened;
    return std::shared_ptr<state::CommittedStore>(store);
  }
  bool held = false;
  int opened = 0;
  std::shared_ptr<state::MemoryStore> store = std::make_shared<state::MemoryStore>();
};

class FollowingAHome : public ::testing::Test {
 protected:
  FollowingAHome() {
    log.create_topic("changelog", 1);
    follower.emplace(StandbyConfig{}, stores, offsets, reader, clock);
  }

  LogRecord row(std::string_view key, const std::string& value) {
    return {.key = std::string(key), .value = "\x01" + value, .timestamp = clock.now(), .headers = {}};
  }
  void write(const std::string& key, const std::string& value) { log.append(changelog, row(key, value)); }
  void write_progress(std::uint64_t generation = 1) {
    log.append(changelog, row(kProgressKey, encode(Progress{.generation = generation, .written = clock.now()})));
  }
  /// As if the store had come from the changelog up to `position`.
  void store_holds(const std::string& key, const std::string& value, Offset position, std::uint64_t generation = 1) {
    const std::string progress = encode(Progress{.generation = generation, .written = clock.now()});
    const std::vector<state::Write> writes{{key, value}, {kProgressKey, progress}};
    ASSERT_TRUE(stores.store->apply(writes, position).ok());
  }
  void follow() {
    follower->choose({0});
    pass(StandbyConfig{}.settle);
  }
  void pass(Duration time) {
    clock.advance(time);
    for (int i = 0; i < 3; ++i) {
      follower->turn(Duration{0});
      clock.advance(StandbyConfig{}.apply_every);
    }
    follower->turn(Duration{0});
  }
  /// A process that ends in the middle of its first replay, before any progress row; the store then holds a row whose
  /// tombstone lies ahead.
  void break_off_a_restore() {
    for (int i = 0; i < 500; ++i) write("\x10sun", std::to_string(i));
    write("\x10last", "1");
    follow();
    const Offset position = stores.store->changelog_offset_next().value().value();
    ASSERT_LT(position, 500);
    const state::Write ghost{"\x10ghost", "1"};
    ASSERT_TRUE(stores.store->apply({&ghost, 1}, position).ok());
    follower.emplace(StandbyConfig{}, stores, offsets, reader, clock);
  }
  std::string stored(std::string_view key) {
    std::string value = "(absent)";
    EXPECT_TRUE(stores.store->get(key, value).ok());
    return value;
  }

  FakeLog log;
  const FakeTopics topics{"in", "repartition", "changelog"};
  const FakeLog::TopicPartition changelog{"changelog", 0};
  FakeFaults faults;
  FakeOffsets offsets{log, topics, faults};
  FakeChangelogReader reader{log, topics};
  ManualClock clock{timestamp_from_ms(1'800'000'000'000)};
  TestStores stores;
  std::optional<Standbys> follower;
};

TEST_F(FollowingAHome, BeginsOnceTheChoiceHasSettled) {
  write("\x10sun", "1");
  follower->choose({0});
  follower->turn(Duration{0});
  EXPECT_EQ(stores.opened, 0);
  pass(StandbyConfig{}.settle);
  EXPECT_EQ(stored("\x10sun"), "1");
  ASSERT_THAT(follower->snapshot(), SizeIs(1));
  EXPECT_EQ(follower->snapshot()[0].state, HomeState::Standby);
  EXPECT_EQ(follower->snapshot()[0].restored, 1);
}

TEST_F(FollowingAHome, KeepsUpAndTellsItsLag) {
  follow();
  write("\x10sun", "1");
  pass(Duration{0});
  EXPECT_EQ(stored("\x10sun"), "1");
  EXPECT_EQ(stores.store->changelog_offset_next().value(), std::optional<Offset>(1));
  const ProducerEpoch producer = log.init_producer("owner");
  log.append(changelog, row("\x10sun", "2"), producer);
  pass(StandbyConfig{}.ask_ends_every);
  EXPECT_EQ(stored("\x10sun"), "1") << "not committed yet";
  EXPECT_EQ(follower->snapshot()[0].restore_lag, 1);
  log.end_transaction(producer, true);
  pass(StandbyConfig{}.ask_ends_every);
  EXPECT_EQ(stored("\x10sun"), "2");
  EXPECT_EQ(follower->snapshot()[0].restore_lag, 0);
}

TEST_F(FollowingAHome, NeverHoldsWhatWasAborted) {
  follow();
  const ProducerEpoch producer = log.init_producer("owner");
  log.append(changelog, row("\x10sun", "2"), producer);
  log.end_transaction(producer, false);
  pass(Duration{0});
  EXPECT_EQ(stored("\x10sun"), "(absent)");
}

TEST_F(FollowingAHome, ErasesWhatTheOwnerErased) {
  write("\x10sun", "1");
  follow();
  log.append(changelog, {.key = "\x10sun", .value = std::nullopt, .timestamp = clock.now(), .headers = {}});
  pass(Duration{0});
  EXPECT_EQ(stored("\x10sun"), "(absent)");
}

TEST_F(FollowingAHome, EndsWhenItIsNoLongerChosen) {
  follow();
  follower->choose({});
  pass(StandbyConfig{}.settle);
  write("\x10sun", "1");
  pass(Duration{0});
  EXPECT_EQ(stored("\x10sun"), "(absent)");
  EXPECT_THAT(follower->snapshot(), IsEmpty());
}

TEST_F(FollowingAHome, LeavesAHomeAloneThatIsHeldHere) {
  stores.held = true;
  write("\x10sun", "1");
  follow();
  EXPECT_EQ(stored("\x10sun"), "(absent)");
  EXPECT_THAT(follower->snapshot(), IsEmpty());
  stores.held = false;
  pass(StandbyConfig{}.retry_after);
  EXPECT_EQ(stored("\x10sun"), "1");
}

TEST_F(FollowingAHome, EndsWhenTheHomeIsTakenHere) {
  follow();
  stores.store->fail_next_apply({Verdict::Fenced, "another owner"});
  stores.held = true;
  write("\x10sun", "1");
  pass(Duration{0});
  EXPECT_THAT(follower->snapshot(), IsEmpty());
  EXPECT_EQ(stored("\x10sun"), "(absent)");
}

TEST_F(FollowingAHome, GoesOnFromWhereTheLocalStateStands) {
  write("\x10sun", "1");
  write("\x10moon", "1");
  store_holds("\x10sun", "old", 1);
  follow();
  EXPECT_EQ(stored("\x10sun"), "old") << "its record is older than the store's position";
  EXPECT_EQ(stored("\x10moon"), "1");
}

TEST_F(FollowingAHome, WaitsWhenTheDiskIsFullAndLosesNothing) {
  follow();
  stores.store->fail_next_apply({Verdict::Retry, "disk full"});
  write("\x10sun", "1");
  pass(Duration{0});
  EXPECT_EQ(stored("\x10sun"), "(absent)");
  write("\x10moon", "1");
  pass(StandbyConfig{}.retry_after);
  EXPECT_EQ(stored("\x10sun"), "1");
  EXPECT_EQ(stored("\x10moon"), "1");
}

TEST_F(FollowingAHome, BeginsAnewWithADamagedStore) {
  write("\x10sun", "1");
  store_holds("\x10ghost", "1", 1);
  follow();
  stores.store->fail_next_apply({Verdict::TaskCorrupted, "damaged"});
  write("\x10moon", "1");
  pass(Duration{0});
  pass(StandbyConfig{}.retry_after);
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "1");
}

TEST_F(FollowingAHome, WaitsAtARowOfANewerFormatAndKeepsWhatItHolds) {
  write("\x10sun", "1");
  follow();
  log.append(changelog, {.key = "\x10moon", .value = "\x02newer", .timestamp = clock.now(), .headers = {}});
  for (int i = 0; i < 3; ++i) {
    pass(StandbyConfig{}.retry_after);
    EXPECT_EQ(stored("\x10sun"), "1");
    EXPECT_EQ(stored("\x10moon"), "(absent)");
  }
  EXPECT_EQ(stores.store->changelog_offset_next().value(), std::optional<Offset>(1)) << "so that a later one goes on";
}

// Old followers: the tombstone of what the store still holds may be gone from the changelog.

TEST_F(FollowingAHome, DiscardsLocalStateThatIsTooOld) {
  write("\x10sun", "1");
  store_holds("\x10ghost", "1", 1);
  clock.advance(std::chrono::hours(13));
  follow();
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "1");
}

TEST_F(FollowingAHome, DiscardsWhatItHoldsAfterALongPauseWhileItRuns) {
  write_progress();
  write("\x10sun", "1");
  follow();
  store_holds("\x10ghost", "1", 2);
  write("\x10moon", "1");
  pass(std::chrono::hours(13));
  pass(Duration{0});
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "1");
  EXPECT_EQ(stored("\x10moon"), "1");
}

TEST_F(FollowingAHome, KeepsWhatItHoldsThroughQuietTimesInTouch) {
  write("\x10sun", "1");
  follow();
  store_holds("\x10kept", "1", 1);
  for (int hour = 0; hour < 26; ++hour) pass(std::chrono::hours(1));
  EXPECT_EQ(stored("\x10kept"), "1");
}

/// As librdkafka: an end is told once, and again only after something has come.
class TellsAnEndOnce final : public ChangelogReader {
 public:
  explicit TellsAnEndOnce(ChangelogReader& reader) : reader_(reader) {}
  Status start(Partition home, Offset from) override {
    told_ = -1;
    return reader_.start(home, from);
  }
  void stop(Partition home) override { reader_.stop(home); }
  Status poll(Duration wait, const Visitor& visitor) override {
    Visitor once = visitor;
    once.end = [&](Partition home, Offset next) {
      if (std::exchange(told_, next) != next) visitor.end(home, next);
    };
    return reader_.poll(wait, once);
  }

 private:
  ChangelogReader& reader_;
  Offset told_ = -1;
};

TEST_F(FollowingAHome, KeepsWhatItHoldsThroughQuietTimesOfWhichTheReaderSaysNothing) {
  TellsAnEndOnce quiet(reader);
  follower.emplace(StandbyConfig{}, stores, offsets, quiet, clock);
  write("\x10sun", "1");
  follow();
  store_holds("\x10kept", "1", 1);
  for (int hour = 0; hour < 26; ++hour) pass(std::chrono::hours(1));
  write("\x10moon", "1");
  pass(Duration{0});
  EXPECT_EQ(stored("\x10moon"), "1");
  EXPECT_EQ(stored("\x10kept"), "1");
  follower.reset();  // before its reader
}

TEST_F(FollowingAHome, DiscardsRowsOfWhichNobodyKnowsHowOldTheyAre) {
  write("\x10sun", "1");
  const state::Write ghost{"\x10ghost", "1"};
  ASSERT_TRUE(stores.store->apply({&ghost, 1}, 1).ok());
  follow();
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "1");
}

TEST_F(FollowingAHome, GoesOnWithARestoreThatWasBrokenOffLately) {
  break_off_a_restore();
  clock.advance(std::chrono::hours(11));
  follow();
  EXPECT_EQ(stored("\x10ghost"), "1");
  EXPECT_EQ(stored("\x10last"), "1");
}

TEST_F(FollowingAHome, DiscardsARestoreThatWasBrokenOffTooLongAgo) {
  break_off_a_restore();
  clock.advance(std::chrono::hours(13));
  follow();
  pass(Duration{0});
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10last"), "1");
}

TEST_F(FollowingAHome, DiscardsABrokenOffRestoreOfAChangelogThatWasMadeAnew) {
  break_off_a_restore();
  clock.advance(std::chrono::hours(1));
  log = FakeLog();
  log.create_topic("changelog", 1);
  for (int i = 0; i < 500; ++i) write("\x10new", std::to_string(i));
  write_progress(2);
  follow();
  pass(Duration{0});
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10new"), "499");
}

TEST_F(FollowingAHome, BeginsAnewWhenItWasStoppedInItsFirstReplay) {
  for (int i = 0; i < 1'000; ++i) write("\x10sun", std::to_string(i));
  follow();
  const Offset position = stores.store->changelog_offset_next().value().value();
  ASSERT_LT(position, 900) << "still replaying";
  const state::Write ghost{"\x10ghost", "1"};
  ASSERT_TRUE(stores.store->apply({&ghost, 1}, position).ok());
  clock.advance(std::chrono::hours(13));
  for (int i = 0; i < 10; ++i) pass(Duration{0});
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "999");
}

TEST_F(FollowingAHome, DoesNotTakeWhatItCannotWriteForBeingInTouch) {
  write_progress();
  follow();
  store_holds("\x10ghost", "1", 1);
  write("\x10sun", "1");
  for (int hour = 0; hour < 13; ++hour) {
    stores.store->fail_next_apply({Verdict::Retry, "disk full"});
    pass(std::chrono::hours(1));
  }
  pass(StandbyConfig{}.retry_after);
  pass(StandbyConfig{}.retry_after);
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "1");
}

TEST_F(FollowingAHome, DiscardsLocalStateBeyondTheChangelogsEnd) {
  write("\x10sun", "1");
  store_holds("\x10ghost", "1", 9);
  follow();
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "1");
}

TEST_F(FollowingAHome, DiscardsLocalStateBeforeTheChangelogsStart) {
  for (int i = 0; i < 5; ++i) write("\x10sun", std::to_string(i));
  log.truncate(changelog, 3);
  store_holds("\x10ghost", "1", 1);
  follow();
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "4");
}

TEST_F(FollowingAHome, BeginsAnewWhenTheChangelogsStartPassesItWhileItRuns) {
  write("\x10sun", "1");
  follow();
  store_holds("\x10ghost", "1", 1);
  for (int i = 0; i < 5; ++i) write("\x10moon", std::to_string(i));
  log.truncate(changelog, 4);
  pass(Duration{0});
  pass(Duration{0});
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10moon"), "4");
}

TEST_F(FollowingAHome, DiscardsLocalStateOfAnotherGeneration) {
  write("\x10sun", "1");
  write_progress(2);
  store_holds("\x10ghost", "1", 1, 1);
  follow();
  pass(Duration{0});
  EXPECT_EQ(stored("\x10ghost"), "(absent)");
  EXPECT_EQ(stored("\x10sun"), "1");
}

TEST_F(FollowingAHome, WaitsForAnswersAboutOffsets) {
  write("\x10sun", "1");
  faults.offsets_silent = true;
  follow();
  EXPECT_EQ(stored("\x10sun"), "(absent)");
  faults.offsets_silent = false;
  pass(StandbyConfig{}.retry_after);
  EXPECT_EQ(stored("\x10sun"), "1");
}

}  // namespace
}  // namespace ebc::topology::testing
