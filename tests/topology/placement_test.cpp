// Who follows what, who fences whom, who is told what: decisions without a broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "topology/client_version.h"
#include "topology/fencer.h"
#include "topology/routing_advice.h"
#include "topology/stall_watch.h"
#include "topology/standby_choice.h"

namespace ebc::topology {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Timestamp kNow = timestamp_from_ms(1'800'000'000'000);

class StandbyChoice : public ::testing::Test {
 protected:
  static constexpr int kHomes = 60;
  std::map<std::string, std::vector<Partition>> choices(int count) const {
    std::map<std::string, std::vector<Partition>> all;
    for (const std::string& member : live) all[member] = standby_homes(member, live, holders, kHomes, count);
    return all;
  }
  int followers_of(Partition home, int count) const {
    int followers = 0;
    for (const auto& [member, homes] : choices(count)) {
      followers += static_cast<int>(std::count(homes.begin(), homes.end(), home));
    }
    return followers;
  }

  std::vector<std::string> live{"a", "b", "c", "d"};
  std::map<Partition, std::string> holders;
};

TEST_F(StandbyChoice, GivesEachHomeAsManyFollowersAsWanted) {
  for (Partition home = 0; home < kHomes; ++home) holders[home] = live[static_cast<std::size_t>(home) % live.size()];
  for (const int count : {0, 1, 2, 3, 9}) {
    for (Partition home = 0; home < kHomes; ++home) EXPECT_EQ(followers_of(home, count), std::min(count, 3)) << home;
  }
}

TEST_F(StandbyChoice, NeverLetsTheHolderFollowItself) {
  for (Partition home = 0; home < kHomes; ++home) holders[home] = "b";
  EXPECT_THAT(choices(3)["b"], IsEmpty());
}

TEST_F(StandbyChoice, SpreadsTheHomes) {
  for (const auto& [member, homes] : choices(1)) {
    EXPECT_GT(homes.size(), 5U) << member;
    EXPECT_LT(homes.size(), 30U) << member;
  }
}

TEST_F(StandbyChoice, MovesOnlyWhatAMemberHadWhenItGoes) {
  auto before = choices(1);
  live.erase(std::find(live.begin(), live.end(), "d"));
  const auto after = choices(1);
  for (const auto& [member, homes] : after) {
    EXPECT_TRUE(std::includes(homes.begin(), homes.end(), before[member].begin(), before[member].end())) << member;
  }
}

class Fencing : public ::testing::Test {
 protected:
  Fencing() {
    InstanceRecord record{.id = "pod-1", .uuid = "u1", .heartbeat = kNow};
    record.partitions = {0, 1};
    record.producers = {{"app-pod-1", 2}};
    hear(record, kNow);
  }
  void hear(const InstanceRecord& record, Timestamp now) { registry.on_record(record.uuid, encode(record), now, true); }
  void look(Timestamp now, Partition partition = 0) {
    TakingSnapshot take{.partition = partition, .waiting_for = "", .unstable_since = now - Duration{1'000}};
    fencer.step({take}, now);
  }

  InstanceRegistry registry{"me", Duration{5'000}};
  std::set<std::string> members;
  std::vector<std::string> ended;
  Status answer;
  Fencer fencer{registry,
                Duration{10'000},
                {.members = [this] { return Result<std::set<std::string>>(members); },
                 .end_transaction =
                     [this](const std::string& id) {
                       if (answer.ok()) ended.push_back(id);
                       return answer;
                     }}};
};

TEST_F(Fencing, EndsWhatADeadHolderLeftOpenAndOnlyOnce) {
  look(kNow + Duration{6'000});
  EXPECT_THAT(ended, ElementsAre("app-pod-1-0", "app-pod-1-1"));
  look(kNow + Duration{9'000}, 1);
  EXPECT_EQ(ended.size(), 2U);
}

TEST_F(Fencing, LeavesALiveHolderAlone) {
  look(kNow + Duration{4'000});
  EXPECT_THAT(ended, IsEmpty());
}

TEST_F(Fencing, LeavesASilentHolderAloneWhileItsSessionLives) {
  members = {"pod-1-1"};
  look(kNow + Duration{6'000});
  EXPECT_THAT(ended, IsEmpty());
  members = {"pod-1-x", "pod-10-0", "other-0"};
  look(kNow + Duration{8'000});
  EXPECT_EQ(ended.size(), 2U);
}

TEST_F(Fencing, LeavesHoldersOfOtherPartitionsAlone) {
  look(kNow + Duration{6'000}, 7);
  EXPECT_THAT(ended, IsEmpty());
}

TEST_F(Fencing, ComesAsSoonAsAHomeIsFoundHeldUpAndNotBefore) {
  TakingSnapshot take{.partition = 0, .waiting_for = "", .unstable_since = std::nullopt};
  fencer.step({take}, kNow + Duration{6'000});
  EXPECT_THAT(ended, IsEmpty());
  take.unstable_since = kNow + Duration{6'010};
  fencer.step({take}, kNow + Duration{6'010});
  EXPECT_EQ(ended.size(), 2U);
}

TEST_F(Fencing, TriesAgainWhenItDidNotWork) {
  answer = {Verdict::Retry, "no broker"};
  look(kNow + Duration{6'000});
  answer = {};
  look(kNow + Duration{8'000});
  EXPECT_EQ(ended.size(), 2U);
}

TEST_F(Fencing, WaitsOutTheSessionOfADynamicMember) {
  InstanceRecord record{.uuid = "u2", .heartbeat = kNow};
  record.partitions = {5};
  record.producers = {{"app-u2", 1}};
  hear(record, kNow);
  look(kNow + Duration{9'000}, 5);
  EXPECT_THAT(ended, IsEmpty());
  look(kNow + Duration{11'000}, 5);
  EXPECT_THAT(ended, ElementsAre("app-u2-0"));
}

TEST_F(Fencing, FencesASecondDeathOfTheSameInstance) {
  look(kNow + Duration{6'000});
  InstanceRecord again{.id = "pod-1", .uuid = "u1", .heartbeat = kNow + Duration{10'000}};
  again.partitions = {0};
  again.producers = {{"app-pod-1", 1}};
  hear(again, kNow + Duration{10'000});
  look(kNow + Duration{16'000});
  EXPECT_THAT(ended, ElementsAre("app-pod-1-0", "app-pod-1-1", "app-pod-1-0"));
}

TEST(Stalls, AreNoticedWhenNothingMovesThoughItShould) {
  StallWatch watch{Duration{60'000}};
  EXPECT_FALSE(watch.stalled(true, 5, Duration{0}));
  EXPECT_FALSE(watch.stalled(true, 5, Duration{60'000}));
  EXPECT_TRUE(watch.stalled(true, 5, Duration{60'001}));
  EXPECT_FALSE(watch.stalled(true, 5, Duration{61'000})) << "begins anew";
}

TEST(Stalls, EndWithProgressOrWithNothingToDo) {
  StallWatch watch{Duration{60'000}};
  EXPECT_FALSE(watch.stalled(true, 5, Duration{0}));
  EXPECT_FALSE(watch.stalled(true, 6, Duration{61'000}));
  EXPECT_FALSE(watch.stalled(false, 6, Duration{100'000}));
  EXPECT_FALSE(watch.stalled(true, 6, Duration{122'000}));
  EXPECT_FALSE(watch.stalled(true, 6, Duration{182'000}));
}

class Advice : public ::testing::Test {
 protected:
  bool minute(std::uint64_t records, std::uint64_t rekeyed) {
    now += Duration{60'000};
    return advice.see(total += records, moved += rekeyed, now);
  }
  RoutingAdvice advice;
  Timestamp now = kNow;
  std::uint64_t total = 0, moved = 0;
};

TEST_F(Advice, IsGivenOnceWhenManyRecordsAreRekeyedForMinutes) {
  EXPECT_FALSE(minute(0, 0));
  EXPECT_FALSE(minute(1'000, 900));
  EXPECT_FALSE(minute(1'000, 900));
  EXPECT_TRUE(minute(1'000, 900));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(minute(1'000, 900));
}

TEST_F(Advice, IsNotGivenForFewOrForAWhile) {
  EXPECT_FALSE(minute(0, 0));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(minute(1'000, 200)) << "few of many";
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(minute(10, 10)) << "hardly any records";
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(minute(1'000, i % 3 == 0 ? 0 : 900)) << "now and then";
}

TEST(ClientVersions, AreRefusedWhereTheyAreKnownToBeBad) {
  for (const int bad : {0x020500ff, 0x020a00ff}) EXPECT_TRUE(remark_on_client(bad).refused);
  for (const int fine : {0x020002ff, 0x020501ff, 0x020800ff, 0x020a01ff, 0x020c01ff}) {
    EXPECT_FALSE(remark_on_client(fine).refused);
  }
  EXPECT_NE(remark_on_client(0x020002ff).text, "");
  EXPECT_EQ(remark_on_client(0x020a01ff).text, "");
  EXPECT_EQ(remark_on_client(0x020c01ff).text, "");
}

}  // namespace
}  // namespace ebc::topology
