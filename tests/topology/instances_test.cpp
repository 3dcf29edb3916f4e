#include "topology/instances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "topology/instance_registry.h"

namespace ebc::topology {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Timestamp kNow = timestamp_from_ms(1'800'000'000'000);

InstanceRecord record_of(const std::string& uuid, std::vector<Partition> running = {}, const std::string& id = "") {
  InstanceRecord record{.id = id, .uuid = uuid, .http = "http://" + uuid + ":8080", .heartbeat = kNow};
  record.partitions = running;
  for (const Partition home : running) record.homes.push_back({.home = home, .state = HomeState::Running});
  return record;
}

TEST(InstanceRecords, ReadWhatTheyWrote) {
  InstanceRecord record = record_of("u1", {0, 3}, "pod-1");
  record.version = "eb-collector 1.2";
  record.client = "librdkafka 2.0.2";
  record.changelog_format = 1;
  record.progress_format = 2;
  record.producers = {{"app-pod-1", 4}, {"app-a b", 1}};
  record.homes[1] = {
      .home = 3, .state = HomeState::Restoring, .restored = 5, .restore_lag = 6, .input_lag = 7, .clock = kNow};
  record.standbys = {{.home = 2, .state = HomeState::Standby, .restore_lag = -1}};
  auto read = decode_instance(encode(record));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(encode(*read), encode(record));
  EXPECT_EQ(read.value().id, "pod-1");
  EXPECT_EQ(read.value().producers, record.producers);
  EXPECT_EQ(read.value().homes[1].clock, kNow);
  EXPECT_EQ(read.value().standbys[0].restore_lag, -1);
}

TEST(InstanceRecords, SkipFieldsOfLaterVersions) {
  const auto read = decode_instance(encode(record_of("u1")) + "weather fine today\n");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read.value().uuid, "u1");
}

TEST(InstanceRecords, KeepALineBreakInAValueFromBecomingAField) {
  InstanceRecord record = record_of("u1");
  record.http = "http://x\nuuid u2";
  EXPECT_EQ(decode_instance(encode(record)).value().uuid, "u1");
}

TEST(InstanceRecords, RefuseWhatTheyCanNotRead) {
  EXPECT_THAT(decode_instance("ebc-instance 2\nuuid u1\n").status().message(), HasSubstr("version 2"));
  for (const char* text : {"", "{\"uuid\":\"u1\"}", "ebc-instance 1\nid a\n", "ebc-instance 1\nuuid u1\nhome x\n",
                           "ebc-instance 1\nuuid u1\nhome 1 flying 0 0 0 0\n",
                           "ebc-instance 1\nuuid u1\npartitions 1,,2\n", "ebc-instance 1\nuuid u1\nheartbeat\n"}) {
    EXPECT_EQ(decode_instance(text).status().verdict(), Verdict::Fatal) << text;
  }
}

TEST(InstanceRecords, ShowRunningHomesApartFromThoseHeld) {
  InstanceRecord record = record_of("u1", {0, 3});
  record.homes[0].state = HomeState::Taking;
  record.standbys = {{.home = 2, .state = HomeState::Standby}};
  const InstanceInfo info = show(record);
  EXPECT_THAT(info.homes, ElementsAre(3));
  EXPECT_THAT(info.standbys, ElementsAre(2));
  EXPECT_THAT(info.home_details, SizeIs(3));
}

class Registry : public ::testing::Test {
 protected:
  void hear(const InstanceRecord& record, Timestamp now = kNow, bool following = true) {
    registry.on_record(record.uuid, encode(record), now, following);
  }
  InstanceRegistry registry{"me", Duration{5'000}};
};

TEST_F(Registry, CountsAnInstanceAsLiveWhileItIsHeardOf) {
  hear(record_of("u1"));
  EXPECT_TRUE(registry.others(kNow + Duration{5'000}).at(0).live);
  EXPECT_FALSE(registry.others(kNow + Duration{5'001}).at(0).live);
  hear(record_of("u1"), kNow + Duration{6'000});
  EXPECT_TRUE(registry.others(kNow + Duration{7'000}).at(0).live);
}

TEST_F(Registry, JudgesRecordsOfThePastByTheirOwnTime) {
  hear(record_of("u1"), kNow + Duration{60'000}, false);
  EXPECT_FALSE(registry.others(kNow + Duration{60'000}).at(0).live);
  hear(record_of("u1"), kNow + Duration{60'000}, true);
  EXPECT_TRUE(registry.others(kNow + Duration{60'000}).at(0).live);
}

TEST_F(Registry, DoesNotBelieveAClockThatIsAhead) {
  hear(record_of("u1"), kNow - Duration{3'600'000}, false);
  EXPECT_FALSE(registry.others(kNow - Duration{3'590'000}).at(0).live);
}

TEST_F(Registry, NamesTheOneLiveOwnerOfAHome) {
  hear(record_of("u1", {0, 1}));
  hear(record_of("u2", {2}));
  EXPECT_EQ(registry.owner_of(1, kNow)->uuid, "u1");
  EXPECT_FALSE(registry.owner_of(3, kNow));
  EXPECT_FALSE(registry.owner_of(1, kNow + Duration{6'000}));
}

TEST_F(Registry, NamesNoOwnerWhileTwoClaimTheHome) {
  hear(record_of("u1", {0}));
  hear(record_of("u2", {0}));
  EXPECT_FALSE(registry.owner_of(0, kNow));
  hear(record_of("u1"));
  EXPECT_EQ(registry.owner_of(0, kNow)->uuid, "u2");
}

TEST_F(Registry, ForgetsWhoHasLeft) {
  hear(record_of("u1", {0}));
  registry.on_record("u1", std::nullopt, kNow, true);
  EXPECT_THAT(registry.others(kNow), IsEmpty());
  EXPECT_FALSE(registry.owner_of(0, kNow));
  EXPECT_THAT(registry.live_uuids(kNow), ElementsAre("me"));
}

TEST_F(Registry, ListsLiveMembersWithUsAmongThem) {
  hear(record_of("zz"));
  hear(record_of("aa"));
  hear(record_of("me"));
  EXPECT_THAT(registry.live_uuids(kNow), ElementsAre("aa", "me", "zz"));
  EXPECT_THAT(registry.live_uuids(kNow + Duration{6'000}), ElementsAre("me"));
}

TEST_F(Registry, TellsANamesakeThatSpeaksFromOneThatOnlyLeftItsRecord) {
  hear(record_of("me", {}, "pod-1"));
  EXPECT_FALSE(registry.namesake("pod-1", kNow)) << "that is ourselves";
  hear(record_of("u1", {}, "pod-1"), kNow, false);
  EXPECT_TRUE(registry.namesake("pod-1", kNow)->live);
  EXPECT_FALSE(registry.namesake("pod-1", kNow)->heard);
  EXPECT_FALSE(registry.namesake("pod-1", kNow + Duration{6'000})->live);
  hear(record_of("u1", {}, "pod-1"));
  EXPECT_TRUE(registry.namesake("pod-1", kNow)->heard);
  EXPECT_FALSE(registry.namesake("pod-2", kNow));
  EXPECT_FALSE(registry.namesake("", kNow)) << "dynamic members have no name to share";
}

TEST_F(Registry, KnowsWhichDeadInstancesHadAPartition) {
  hear(record_of("u1", {0, 1}));
  hear(record_of("u2", {1}));
  EXPECT_THAT(registry.dead_holders_of(1, kNow), IsEmpty());
  hear(record_of("u2", {1}), kNow + Duration{6'000});
  const auto dead = registry.dead_holders_of(1, kNow + Duration{6'000});
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].record.uuid, "u1");
}

TEST_F(Registry, ExpiresTheSilentAndForgetsTheGone) {
  hear(record_of("u1"));
  hear(record_of("u2"));
  registry.on_record("u2", std::nullopt, kNow, true);
  EXPECT_THAT(registry.expire(Duration{10'000}, kNow + Duration{9'000}), IsEmpty());
  EXPECT_THAT(registry.expire(Duration{10'000}, kNow + Duration{11'000}), ElementsAre("u1"));
}

}  // namespace
}  // namespace ebc::topology
