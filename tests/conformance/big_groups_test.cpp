// Big, growing and nested groups under SIGKILL at any moment: one right outcome each.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

std::string create_of(const std::string& id, const std::string& expected, const std::string& more) {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":[{}],"ttl":3600{}}})", id, expected,
                     more);
}
std::string done_of(const std::string& group, const std::string& entity) {
  return fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"{}","result":1}})", entity, group);
}
std::string parent_of(const std::string& group, const std::string& entity) {
  return fmt::format(R"(,"parent":{{"group":"{}","entity":"{}"}})", group, entity);
}

struct Planned {
  std::string group, value;
};

class KilledBigGroups : public BrokerTest {
 protected:
  static constexpr int kEntities = 20'000;
  static constexpr int kGrows = 1'000;
  static constexpr int kNests = 100;

  /// In the order in which they are sent: the three kinds side by side.
  std::vector<Planned> plan() {
    std::vector<Planned> big, grown, nested, all;
    std::string ids;
    for (int i = 0; i < kEntities; ++i) ids += fmt::format("{}\"e{}\"", i == 0 ? "" : ",", i);
    big.push_back({"big", create_of("big", ids, "")});
    for (int i = 0; i < kEntities; ++i) big.push_back({"big", done_of("big", fmt::format("e{}", i))});
    grown.push_back({"grown", create_of("grown", "", R"(,"sealed":false)")});
    for (int i = 0; i < kGrows; ++i) {
      grown.push_back(
          {"grown", fmt::format(R"({{"type":"EventGroupCollectorUpdate","group":"grown","add":["e{}"]}})", i)});
      grown.push_back({"grown", done_of("grown", fmt::format("e{}", i))});
    }
    grown.push_back({"grown", R"({"type":"EventGroupCollectorUpdate","group":"grown","seal":true})"});
    for (int i = 0; i < kNests; ++i) {
      const std::string top = fmt::format("top{}", i), mid = fmt::format("mid{}", i), low = fmt::format("low{}", i);
      nested.push_back({top, create_of(top, R"("m")", "")});
      nested.push_back({mid, create_of(mid, R"("l")", parent_of(top, "m"))});
      nested.push_back({low, create_of(low, R"("x","y")", parent_of(mid, "l"))});
      nested.push_back({low, done_of(low, "x")});
      nested.push_back({low, done_of(low, "y")});
    }
    const std::size_t most = std::max({big.size(), grown.size(), nested.size()});
    for (std::size_t i = 0; i < most; ++i) {
      for (auto* kind : {&big, &grown, &nested}) {
        // Each kind takes the whole time.
        const std::size_t from = i * kind->size() / most, until = (i + 1) * kind->size() / most;
        for (std::size_t j = from; j < until; ++j) all.push_back((*kind)[j]);
      }
    }
    return all;
  }
};

TEST_F(KilledBigGroups, HaveOneRightOutcomeEach) {
  make_topic(4);
  auto collector = start_collector();
  const std::vector<Planned> all = plan();
  constexpr std::size_t kKills = 8;
  std::mt19937 dice(7);
  KafkaProducer producer(brokers());
  for (std::size_t part = 0; part < kKills; ++part) {
    for (std::size_t i = part * all.size() / kKills; i < (part + 1) * all.size() / kKills; ++i) {
      producer.produce({.topic = topic(), .key = all[i].group, .value = all[i].value});
    }
    producer.flush();
    std::this_thread::sleep_for(milliseconds(dice() % 400));
    collector->kill9();
    collector->start_and_wait();
  }
  KafkaReader reader(brokers(), topic());
  const std::size_t groups = 2 + 3 * kNests;
  wait_for_resolved(reader, groups, 90s);
  // Once more, for a double that would come late.
  collector->kill9();
  collector->start_and_wait();
  wait_until_caught_up();
  ASSERT_TRUE(reader.read_to_end(30s));
  std::map<std::string, std::vector<Outcome>> outcomes;
  for (const auto& record : reader.records()) {
    if (auto outcome = parse_outcome(record.value.value_or(""))) outcomes[outcome->id].push_back(*outcome);
  }
  EXPECT_EQ(outcomes.size(), groups);
  for (const auto& [id, list] : outcomes) {
    ASSERT_EQ(list.size(), 1u) << id;
    EXPECT_TRUE(list[0].success) << id << ": " << list[0].error;
  }
  EXPECT_EQ(outcomes["big"][0].results.size(), static_cast<std::size_t>(kEntities));
  EXPECT_EQ(outcomes["grown"][0].results.size(), static_cast<std::size_t>(kGrows));
  EXPECT_EQ(outcomes["top0"][0].results.at("m"), R"({"l":{"x":1,"y":1}})");
  measured("big_groups_kills", kKills + 1);
}

}  // namespace
}  // namespace ebc::broker_test
