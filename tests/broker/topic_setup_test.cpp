// What is looked at and made before the first record is read: the order of the topics, and the sizes they take.
#include "topology/topic_setup.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class TopicSetup : public BrokerTest {
 protected:
  /// Over an input topic of its own, of three partitions.
  topology::EngineConfig new_application(int number) {
    topology::EngineConfig config;
    config.brokers = brokers();
    config.app_id = name(fmt::format("app-{}", number));
    config.input_topic = name(fmt::format("events-{}", number));
    config.output_topics = {config.input_topic};
    admin().create_topic(config.input_topic, 3);
    return config;
  }
};

// Several instances begin at the same moment while the input grows: whoever comes first, all find the same homes.
TEST_F(TopicSetup, ByManyAtOnceOverAGrowingInputAgreesOnTheHomes) {
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    const topology::EngineConfig config = new_application(round);
    std::array<int, 3> homes{};
    std::vector<std::thread> instances;
    for (int& found : homes) {
      instances.emplace_back([&config, &found] {
        auto own = topology::KafkaAdmin::make(config);
        for (int attempt = 0; own.ok() && attempt < 100 && found == 0; ++attempt) {
          auto report = topology::set_up_topics(**own, config);
          if (report.ok()) found = report->homes;
        }
      });
    }
    admin().grow_topic(config.input_topic, 7);
    for (auto& instance : instances) instance.join();

    const int changelog = admin().partitions_of(config.changelog_topic());
    fmt::print("round {}: {} homes\n", round, changelog);
    EXPECT_GT(changelog, 0);
    EXPECT_EQ(admin().partitions_of(config.repartition_topic()), changelog);
    for (const int found : homes) EXPECT_EQ(found, changelog);
  }
}

// Between our look and the next question another instance makes the topic: that is no right we lack.
TEST_F(TopicSetup, ByManyAtOnceNeverTakesANewTopicForAHiddenOne) {
  constexpr int kRounds = 10;
  constexpr Duration kApart{7};  // so that one looks while another makes
  for (int round = 0; round < kRounds; ++round) {
    const topology::EngineConfig config = new_application(round);
    std::array<Status, 6> ends;
    std::vector<std::thread> instances;
    Duration head_start{0};
    for (Status& end : ends) {
      head_start += kApart;
      instances.emplace_back([&config, &end, head_start] {
        std::this_thread::sleep_for(head_start);
        auto own = topology::KafkaAdmin::make(config);
        end = own.ok() ? topology::set_up_topics(**own, config).status() : own.status();
      });
    }
    for (auto& instance : instances) instance.join();
    for (const Status& end : ends) EXPECT_TRUE(end.ok()) << "round " << round << ": " << end.message();
  }
}

TEST_F(TopicSetup, FollowsAChangelogThatIsThereAndNotTheInput) {
  make_topic(4);
  admin().create_topic(app_id() + "-groups-changelog", 3, {{"cleanup.policy", "compact"}});

  const auto collector = start_collector();

  EXPECT_TRUE(eventually(20s, [&] { return collector->running_homes() == std::set<int>{0, 1, 2}; }));
  EXPECT_EQ(admin().partitions_of(app_id() + "-repartition"), 3);
}

// The largest of which it may be said that the topic takes them: past the Kafka client's own limits, too.
TEST_F(TopicSetup, LetsOutcomesBeAsLargeAsTheTopicTakes) {
  constexpr std::size_t kResult = 3'000'000;
  make_topic(1, {{"max.message.bytes", "8000000"}});
  const auto collector = start_collector({"--max-message-bytes", "4MiB", "--max-outcome-bytes", "7MiB"});
  PlannedGroup group;
  group.id = "large";
  group.expected = {"a", "b"};
  group.ttl = "60";
  group.ttl_ms = 60'000;
  group.payload = "null";
  for (const auto& entity : group.expected) group.results[entity] = fmt::format("\"{}\"", std::string(kResult, 'x'));
  std::vector<PlannedGroup> plan{group};
  produce_creates(brokers(), topic(), plan);
  for (const auto& [entity, result] : group.results) {
    KafkaProducer producer(brokers());
    producer.produce({.topic = topic(), .key = group.id, .value = done_json(group.id, entity, result)});
    producer.flush();
  }
  EXPECT_TRUE(is_exactly_once(check_all(plan, 30s)));
}

}  // namespace
}  // namespace ebc::broker_test
