#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

struct TtlCase {
  std::string_view ttl;
  std::int64_t ms;
  std::string_view spelled;
};
class Ttls : public testing::TestWithParam<TtlCase> {};
TEST_P(Ttls, SetTheDeadline) {
  World world;
  world.create("g", {"a"}, GetParam().ttl);
  world.pass(GetParam().ms);
  EXPECT_EQ(world.outcomes(), 0u);
  world.pass(1);
  EXPECT_EQ(member(world.outcome_json(), "error"),
            "\"Operation timed out after " + std::string(GetParam().spelled) + " seconds\"");
}
INSTANTIATE_TEST_SUITE_P(Collector, Ttls,
                         testing::Values(TtlCase{"\"x\":1", 30'000, "30"}, TtlCase{"\"ttl\":null", 30'000, "30"},
                                         TtlCase{"\"ttl\":0", 30'000, "30"}, TtlCase{"\"ttl\":-5", 30'000, "30"},
                                         TtlCase{"\"ttl\":3", 3'000, "3"}, TtlCase{"\"ttl\":1.5", 1'500, "1.5"},
                                         TtlCase{"\"ttl\":2.50e0", 2'500, "2.50e0"}, TtlCase{"\"ttl\":1e-9", 1, "1e-9"},
                                         TtlCase{"\"ttl\":1e-400", 1, "1e-400"},
                                         TtlCase{"\"ttl\":2592000", 2'592'000'000, "2592000"}));

TEST(Timeouts, LetADoneAtTheDeadlineCount) {
  World world;
  world.create("g", {"a"}, "\"ttl\":1");
  world.pass(1'000);
  world.done("g", "a");
  EXPECT_EQ(member(world.outcome_json(), "type"), R"("EventGroupCollectorSuccess")");
}

TEST(Timeouts, ComeFirstWhenAnEventOfTheGroupWasMadeTooLate) {
  World world;
  world.create("g", {"a"}, "\"ttl\":1");
  world.create("other", {"a"}, "\"ttl\":1");
  world.lag(1'001);
  world.done("g", "a");
  EXPECT_EQ(world.outcomes(), 1u) << "the other group's clock has not passed its deadline";
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "cause"), R"("timeout")");
  EXPECT_EQ(member(outcome, "resolved"), R"("2027-01-15T08:00:01.000Z")");
  EXPECT_EQ(world.stats().of(Counter::Late), 1u);
}

TEST(Timeouts, ComeFirstWhenTheIdIsUsedAgain) {
  World world;
  world.create("g", {"a"}, "\"ttl\":1");
  world.lag(1'001);
  world.create("g", {"b"}, "\"ttl\":1");
  EXPECT_EQ(member(world.outcome_json(), "cause"), R"("timeout")");
  world.done("g", "b");
  EXPECT_EQ(member(world.outcome_json(), "results"), R"({"b":"ok"})");
}

TEST(Timeouts, FireAfterARestart) {
  World world;
  world.create("g", {"a"}, "\"ttl\":1");
  EXPECT_EQ(world.commit(), 3u) << "the group, its timer and the totals";
  world.restart();
  world.create("h", {"a"}, "\"ttl\":2");
  world.pass(5'000);
  EXPECT_EQ(world.outcomes(), 2u);
  world.commit();
  EXPECT_EQ(world.rows().rows(), 1u);
  EXPECT_EQ(world.next_punctuation(), kNever);
}

TEST(Timeouts, AreBoundedATurn) {
  CollectorOptions options;
  options.timers_per_turn = 10;
  World world(options);
  for (int i = 0; i < 25; ++i) world.create("stored" + std::to_string(i), {"a"}, "\"ttl\":1");
  world.commit();
  for (int i = 0; i < 25; ++i) world.create("held" + std::to_string(i), {"a"}, "\"ttl\":1");
  world.pass(1'001);
  EXPECT_EQ(world.outcomes(), 50u);
  EXPECT_EQ(world.next_punctuation(), kNever);
}

TEST(Timeouts, ListAtMostTheFirstMissingIds) {
  World world;
  std::vector<std::string> ids;
  for (int i = 1'000; i < 1'250; ++i) ids.push_back(std::to_string(i));
  world.create("g", ids);
  world.done("g", "1000");
  world.pass(30'001);
  const std::string outcome = world.outcome_json();
  EXPECT_EQ(member(outcome, "missingCount"), "249");
  const std::string missing = member(outcome, "missing");
  EXPECT_EQ(std::count(missing.begin(), missing.end(), ','), 99);
  EXPECT_TRUE(missing.starts_with(R"(["1001","1002")"));
}

TEST(Timeouts, TellHowLateTheyAre) {
  World world;
  world.create("g", {"a"}, "\"ttl\":1");
  world.pass(1'070);
  const StatsSnapshot stats = world.stats();
  EXPECT_EQ(stats.lateness[4], 1u) << "over 50 and at most 100 ms";
  EXPECT_EQ(stats.lateness_sum_ms, 70u);
  EXPECT_EQ(stats.of(Cause::Timeout), 1u);
}

TEST(ResolvedGroups, AreForgottenAfterTheRetention) {
  World world;
  world.create("g", {"a"});
  world.done("g", "a");
  world.pass(600'000);
  world.done("g", "a");
  EXPECT_EQ(world.stats().of(Counter::Late), 1u);
  world.pass(1);
  world.done("g", "a");
  EXPECT_EQ(world.stats().of(Counter::Orphans), 1u) << "as for a group never seen";
}

TEST(ResolvedGroups, AreForgottenWhenThereAreTooMany) {
  CollectorOptions options;
  options.marker_bytes = 10'000;
  World world(options);
  for (int i = 0; i < 1'000; ++i) world.create(std::to_string(i), {});
  world.done("999", "a");
  EXPECT_EQ(world.stats().of(Counter::Late), 1u);
  world.done("0", "a");
  EXPECT_EQ(world.stats().of(Counter::Orphans), 1u);
}

TEST(ResolvedGroups, AreForgottenByARestartAfterWhichALateDoneIsAnOrphanAndNoMore) {
  World world;
  world.create("g", {"a"});
  world.done("g", "a");
  world.restart();
  world.done("g", "a");
  EXPECT_EQ(world.dead_letters(), 0u);
  world.pass(30'001);
  EXPECT_EQ(world.dead_letter().header("dlq.reason"), "no-such-group");
  EXPECT_EQ(world.outcomes(), 1u);
}

TEST(ResolvedGroups, AreRememberedThroughARestartWhenReuseIsIgnored) {
  CollectorOptions options;
  options.ignore_reuse = true;
  World world(options);
  world.create("g", {});
  world.restart();
  world.pass(1);
  world.create("g", {});
  EXPECT_EQ(world.outcomes(), 1u);
  EXPECT_EQ(world.stats().of(Counter::Ignored), 1u);
  world.pass(600'001);
  world.create("g", {"a"});
  world.done("g", "a");
  EXPECT_EQ(world.outcomes(), 2u);
  world.pass(600'001);
  world.commit();
  EXPECT_EQ(world.rows().rows(), 0u) << "no marker is left, and the totals never changed";
}

}  // namespace
}  // namespace ebc::group
