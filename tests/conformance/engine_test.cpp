// What the cases can't tell: refused topics, and groups that go through crashes at every commit, on the test driver.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "processor/group/collector.h"
#include "tests/conformance/json_view.h"
#include "topology/murmur2.h"
#include "topology/testing/test_driver.h"

namespace ebc::conformance {
namespace {

using topology::testing::CommitFailure;
using topology::testing::ReadRecord;
using topology::testing::TopologyTestDriver;

SupplierFactory collector() {
  group::CollectorOptions options;
  options.input_topic = TopologyTestDriver::kInput;
  options.output_topic = "outcomes";
  options.dead_letter_topic = TopologyTestDriver::kDeadLetter;
  options.handler_topics = {"*"};
  options.default_ttl = std::chrono::hours(1);
  return group::make_supplier_factory(std::move(options), std::make_shared<group::StatsRegistry>());
}

std::string create(const std::string& id, const std::string& expected, const std::string& more = "") {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":[{}]{}}})", id, expected, more);
}
std::string done(const std::string& group, const std::string& entity, const std::string& result) {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"{}","result":{}}})", entity, group,
                     result);
}

std::string header(const ReadRecord& record, std::string_view name) {
  for (const auto& [key, value] : record.record.headers) {
    if (key == name) return value.value_or("");
  }
  return {};
}

const std::string kHandler = R"(,"payload":1,"handler":{"onsuccess":{"topic":"jobs","payload":{"go":1}}})";

TEST(RefusedHandler, OfATopicThatIsMissingIsDeadLetteredWithTheOutcome) {
  TopologyTestDriver driver(collector(), {.partitions = 2, .output_topics = {"outcomes"}});
  driver.pipe("g", create("g", "", kHandler));
  driver.commit();
  EXPECT_EQ(driver.read("outcomes").size(), 1u);
  const auto letters = driver.read(TopologyTestDriver::kDeadLetter);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(header(letters[0], "dlq.reason"), "handler-refused");
  EXPECT_EQ(letters[0].record.value, R"({"go":1})");
  EXPECT_EQ(letters[0].record.key, "g");
}

TEST(RefusedHandler, FoundAtTheCommitIsDeadLetteredWhenTheInputIsProcessedAgain) {
  TopologyTestDriver driver(collector(), {.partitions = 2, .output_topics = {"outcomes", "jobs"}});
  driver.faults().topics_to_refuse = {"jobs"};
  driver.pipe("g", create("g", "", kHandler));
  driver.commit();
  driver.advance(Duration{1'000});  // the pause before the next producer
  driver.commit();
  EXPECT_EQ(driver.read("outcomes").size(), 1u);
  EXPECT_EQ(driver.read("jobs").size(), 0u);
  const auto letters = driver.read(TopologyTestDriver::kDeadLetter);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(header(letters[0], "dlq.reason"), "handler-refused");
}

/// Ends a life of the process in one of several ways, the commit that was asked for being the last thing it did.
void commit_and_die(TopologyTestDriver& driver, int how) {
  constexpr CommitFailure kFailures[] = {CommitFailure::None, CommitFailure::UnknownCommitted, CommitFailure::Refused,
                                         CommitFailure::UnknownAborted};
  driver.fail_next_commit(kFailures[how % 4]);
  driver.commit();
  if (how % 3 != 0) driver.restart(how % 2 == 0);
  driver.advance(Duration{1'000});
}

std::map<std::string, std::vector<std::string>> outcomes_by_group(TopologyTestDriver& driver) {
  std::map<std::string, std::vector<std::string>> found;
  for (const ReadRecord& record : driver.read("outcomes")) {
    found[record.record.key.value_or("")].push_back(record.record.value.value_or(""));
  }
  return found;
}

std::string type_of(const std::string& outcome) { return JsonView{outcome}.find("type").value().string(); }
std::size_t results_of(const std::string& outcome) {
  return JsonView{outcome}.find("results").value().members().size();
}

TEST(CrashAtEveryCommit, LeavesANestOfThreeLevelsRight) {
  const std::vector<std::pair<std::string, std::string>> records{
      {"top", create("top", R"("m1","m2")")},
      {"mid1", create("mid1", R"("l")", R"(,"parent":{"group":"top","entity":"m1"})")},
      {"mid2", create("mid2", R"("x")", R"(,"parent":{"group":"top","entity":"m2"})")},
      {"low", create("low", R"("y","z")", R"(,"parent":{"group":"mid1","entity":"l"})")},
      {"low", done("low", "y", "1")},
      {"mid2", done("mid2", "x", "2")},
      {"low", done("low", "z", "3")}};
  for (std::size_t crash = 0; crash < records.size(); ++crash) {
    for (int how = 0; how < 12; ++how) {
      SCOPED_TRACE(fmt::format("after record {}, way {}", crash, how));
      TopologyTestDriver driver(collector(), {.partitions = 4, .output_topics = {"outcomes"}});
      for (std::size_t i = 0; i < records.size(); ++i) {
        driver.pipe(records[i].first, records[i].second);
        if (i == crash) commit_and_die(driver, how);
        if (i % 3 == 1) driver.commit();
      }
      // What goes up level by level is committed level by level, and dies there, too.
      for (int level = 0; level < 3; ++level) commit_and_die(driver, how + level);
      driver.advance(Duration{2'000});
      driver.commit();
      const auto found = outcomes_by_group(driver);
      ASSERT_EQ(found.size(), 4u);
      for (const auto& [group, list] : found) {
        ASSERT_EQ(list.size(), 1u) << group;
        EXPECT_EQ(type_of(list[0]), "EventGroupCollectorSuccess");
      }
      const JsonView top{found.at("top")[0]};
      EXPECT_EQ(top.find("results")->text(), R"({"m1":{"l":{"y":1,"z":3}},"m2":{"x":2}})");
    }
  }
}

TEST(CrashAtEveryCommit, LeavesAGroupOfTwentyThousandEntitiesRight) {
  constexpr int kEntities = 20'000;
  constexpr int kBatch = 500;
  std::string expected;
  for (int i = 0; i < kEntities; ++i) expected += fmt::format("{}\"e{}\"", i == 0 ? "" : ",", i);
  TopologyTestDriver driver(collector(), {.partitions = 2, .output_topics = {"outcomes"}});
  driver.pipe("big", create("big", expected));
  for (int batch = 0; batch < kEntities / kBatch; ++batch) {
    commit_and_die(driver, batch);
    const Partition home = topology::home_of("big", 2);
    for (int i = 0; i < kBatch; ++i)
      driver.append(home, "big", done("big", fmt::format("e{}", batch * kBatch + i), "7"));
    driver.process();
  }
  driver.commit();
  driver.advance(Duration{1'000});
  const auto found = outcomes_by_group(driver);
  ASSERT_EQ(found.count("big"), 1u);
  ASSERT_EQ(found.at("big").size(), 1u);
  EXPECT_EQ(type_of(found.at("big")[0]), "EventGroupCollectorSuccess");
  EXPECT_EQ(results_of(found.at("big")[0]), static_cast<std::size_t>(kEntities));
}

TEST(CrashAtEveryCommit, LeavesAGroupThatGrewAThousandTimesRight) {
  constexpr int kGrows = 1'000;
  TopologyTestDriver driver(collector(), {.partitions = 2, .output_topics = {"outcomes"}});
  driver.pipe("grown", create("grown", "", R"(,"sealed":false)"));
  for (int i = 0; i < kGrows; ++i) {
    driver.pipe("grown", fmt::format(R"({{"type":"EventGroupCollectorUpdate","group":"grown","add":["e{}"]}})", i));
    // Every other one is done before it was added.
    driver.pipe("grown", done("grown", fmt::format("e{}", i % 2 == 0 ? i : std::min(i + 2, kGrows - 1)), "1"));
    if (i % 20 == 0) commit_and_die(driver, i / 20);
  }
  for (int i = 0; i < kGrows; ++i) driver.pipe("grown", done("grown", fmt::format("e{}", i), "1"));
  driver.pipe("grown", R"({"type":"EventGroupCollectorUpdate","group":"grown","seal":true})");
  commit_and_die(driver, 1);
  driver.advance(Duration{1'000});
  driver.commit();
  const auto found = outcomes_by_group(driver);
  ASSERT_EQ(found.count("grown"), 1u);
  ASSERT_EQ(found.at("grown").size(), 1u);
  EXPECT_EQ(type_of(found.at("grown")[0]), "EventGroupCollectorSuccess");
  EXPECT_EQ(results_of(found.at("grown")[0]), static_cast<std::size_t>(kGrows));
}

TEST(BigGroups, HoldAHundredThousandEntities) {
  constexpr int kEntities = 100'000;
  constexpr int kAdded = 5'000;
  TopologyTestDriver driver(collector(), {.partitions = 1, .output_topics = {"outcomes"}});
  driver.pipe("huge", create("huge", "", R"(,"sealed":false)"));
  for (int i = 0; i < kEntities; i += kAdded) {
    std::string ids;
    for (int j = i; j < i + kAdded; ++j) ids += fmt::format("{}\"{}\"", j == i ? "" : ",", j);
    driver.append(0, "huge", fmt::format(R"({{"type":"EventGroupCollectorUpdate","group":"huge","add":[{}]}})", ids));
  }
  driver.process();
  driver.append(0, "huge", R"({"type":"EventGroupCollectorUpdate","group":"huge","add":["one more"]})");
  driver.append(0, "huge", R"({"type":"EventGroupCollectorUpdate","group":"huge","seal":true})");
  // Short ids and results stay below the limit of an outcome: 100,000 times at most 9 bytes.
  for (int i = 0; i < kEntities; ++i) driver.append(0, "huge", done("huge", std::to_string(i), "1"));
  driver.process();
  driver.commit();
  const auto found = outcomes_by_group(driver);
  ASSERT_EQ(found.count("huge"), 1u);
  ASSERT_EQ(found.at("huge").size(), 1u);
  const std::string& outcome = found.at("huge")[0];
  const auto letters = driver.read(TopologyTestDriver::kDeadLetter);
  ASSERT_FALSE(letters.empty());
  EXPECT_EQ(header(letters[0], "dlq.reason"), "invalid-update") << "one beyond the limit";
  // 1,088,890 bytes of results don't fit: a clear Failure, at the event that breaks the limit.
  EXPECT_EQ(type_of(outcome), "EventGroupCollectorFailure");
  EXPECT_EQ(JsonView{outcome}.find("cause")->string(), "too-large");
}

TEST(BigGroups, SucceedWithAHundredThousandEntitiesWhereTheOutcomeFits) {
  constexpr int kEntities = 100'000;
  TopologyTestDriver driver(collector(), {.partitions = 1, .output_topics = {"outcomes"}});
  std::string ids;
  for (int i = 0; i < kEntities; ++i) ids += fmt::format("{}\"{:x}\"", i == 0 ? "" : ",", i);
  driver.append(0, "fits", create("fits", ids, R"(,"policy":{"quorum":60000})"));
  for (int i = 0; i < 60'000; ++i) driver.append(0, "fits", done("fits", fmt::format("{:x}", i), "1"));
  driver.process();
  driver.commit();
  const auto found = outcomes_by_group(driver);
  ASSERT_EQ(found.count("fits"), 1u);
  EXPECT_EQ(type_of(found.at("fits")[0]), "EventGroupCollectorSuccess");
  EXPECT_EQ(results_of(found.at("fits")[0]), 60'000u);
}

}  // namespace
}  // namespace ebc::conformance
