#include "processor/group/recent_outcomes.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void publish(RecentOutcomes& recent, const std::string& id, const std::string& json) {
  OutcomeBatch batch;
  batch.add({.id = id, .json = json, .cause = std::nullopt, .resolved = timestamp_from_ms(5)});
  recent.publish(batch);
}

std::vector<std::string> ids_from(const RecentOutcomes& recent, RecentOutcomes::Cursor& cursor, bool& lost) {
  std::vector<std::string> ids;
  while (recent.read(cursor, 10, lost, [&](const RecentOutcome& outcome) { ids.emplace_back(outcome.id); })) {
  }
  return ids;
}

TEST(RecentOutcomes, FindsTheLatestOfAnId) {
  RecentOutcomes recent(100'000);
  EXPECT_FALSE(recent.find("a"));
  publish(recent, "a", "1");
  publish(recent, "b", "2");
  EXPECT_EQ(recent.find("a")->json, "1");
  publish(recent, "a", "3");
  EXPECT_EQ(recent.find("a")->json, "3");
  EXPECT_EQ(recent.find("b")->resolved, timestamp_from_ms(5));
  EXPECT_FALSE(recent.find("c"));
}

TEST(RecentOutcomes, ForgetsTheOldestAtItsBound) {
  constexpr std::size_t kBound = 300'000;
  RecentOutcomes recent(kBound);
  const std::string json(1'000, 'x');
  for (int i = 0; i < 10'000; ++i) {
    publish(recent, std::to_string(i), json);
    ASSERT_LE(recent.bytes(), kBound);
    if (i % 1'000 == 0) {
      EXPECT_TRUE(recent.find(std::to_string(i)));
    }
  }
  EXPECT_TRUE(recent.find("9999"));
  EXPECT_TRUE(recent.find("9900"));
  EXPECT_FALSE(recent.find("0"));
}

TEST(RecentOutcomes, DoesWithoutWhatIsLargerThanItself) {
  RecentOutcomes recent(10'000);
  publish(recent, "a", "1");
  publish(recent, "large", std::string(20'000, 'x'));
  EXPECT_FALSE(recent.find("large"));
  EXPECT_TRUE(recent.find("a"));
  RecentOutcomes none(0);
  publish(none, "a", "1");
  EXPECT_FALSE(none.find("a"));
  EXPECT_EQ(none.bytes(), 0U);
}

TEST(RecentOutcomes, TellsAReaderAllThatCameAndWhetherItMissedSome) {
  RecentOutcomes recent(200'000);
  publish(recent, "before", "{}");
  auto cursor = recent.end();
  bool lost = false;
  EXPECT_THAT(ids_from(recent, cursor, lost), IsEmpty());
  for (const auto id : {"a", "b", "c"}) publish(recent, id, "{}");
  EXPECT_THAT(ids_from(recent, cursor, lost), ElementsAre("a", "b", "c"));
  EXPECT_FALSE(lost);
  for (int i = 0; i < 1'000; ++i) publish(recent, "many", std::string(1'000, 'x'));
  bool missed = false;
  recent.read(cursor, 1, missed, [](const RecentOutcome&) {});
  EXPECT_TRUE(missed);
}

TEST(RecentOutcomes, VisitsTheLatestFirst) {
  RecentOutcomes recent(200'000);
  for (const auto id : {"a", "b", "c"}) publish(recent, id, "{}");
  std::vector<std::string> ids;
  recent.visit_latest([&](const RecentOutcome& outcome) {
    ids.emplace_back(outcome.id);
    return ids.size() < 2;
  });
  EXPECT_THAT(ids, ElementsAre("c", "b"));
}

TEST(RecentOutcomes, WakesOnceUntilArmedAnew) {
  RecentOutcomes recent(10'000);
  int woken = 0;
  recent.arm([&woken] { ++woken; });
  publish(recent, "a", "{}");
  publish(recent, "b", "{}");
  EXPECT_EQ(woken, 1);
  recent.arm([&woken] { ++woken; });
  recent.disarm();
  publish(recent, "c", "{}");
  EXPECT_EQ(woken, 1);
}

TEST(RecentOutcomes, MayBeReadWhileItIsWritten) {
  RecentOutcomes recent(200'000);
  auto cursor = recent.end();  // before any is written, so that all are read
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int i = 0; i < 20'000; ++i) publish(recent, std::to_string(i), std::string(200, 'x'));
    done.store(true);
  });
  std::int64_t last = -1;
  bool in_order = true, lost = false;
  const auto visit = [&](const RecentOutcome& outcome) {
    const auto number = std::stoll(std::string(outcome.id));
    in_order &= number > last && outcome.json.size() == 200;
    last = number;
  };
  while (!done.load() || recent.read(cursor, 100, lost, visit)) {
    recent.read(cursor, 100, lost, visit);
    (void)recent.find("19999");
  }
  writer.join();
  while (recent.read(cursor, 100, lost, visit)) {
  }
  EXPECT_TRUE(in_order);
  EXPECT_EQ(last, 19'999);
}

TEST(RecentOutcomes, HoldOnlyWhatWasCommitted) {
  World world;
  world.create("g", {"a"});
  world.done("g", "a", R"({"x":1})");
  EXPECT_FALSE(world.recent().find("g"));
  world.commit();
  const auto found = world.recent().find("g");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->json, world.outcome_json());
  EXPECT_FALSE(found->cause);

  world.create("h", {"a"});
  world.commit();
  world.fail("h", "a");
  world.crash();
  world.commit();
  EXPECT_FALSE(world.recent().find("h"));
  world.fail("h", "a", R"("broken")");
  world.commit();
  EXPECT_EQ(world.recent().find("h")->cause, Cause::Error);
  EXPECT_THAT(world.recent().find("h")->json, HasSubstr("broken"));
}

}  // namespace
}  // namespace ebc::group
