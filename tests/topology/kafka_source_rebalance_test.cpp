// Members of a group between a rebalance and what they are told of it, over librdkafka's mock cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <thread>

#include "tests/topology/mock_cluster.h"
#include "topology/kafka_source.h"

namespace ebc::topology::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "events";
constexpr int kPartitions = 4;

class Member : private RebalanceListener {
 public:
  explicit Member(const MockCluster& cluster) {
    EngineConfig config;
    config.brokers = cluster.address();
    config.app_id = "rebalancing";
    config.input_topic = kTopic;
    config.session_timeout = Duration{6'000};
    source_ = std::move(*KafkaSource::make(config, "", "test", statistics_, *this));
  }
  ~Member() override { source_->close(true, Duration{2'000}); }

  KafkaSource& source() { return *source_; }
  const std::set<Partition>& held() const { return held_; }
  /// How often it was told what it has, be it nothing.
  int answers() const { return answers_; }

  void turn() {
    ASSERT_TRUE(source_->poll(Duration{10}).ok());
    std::vector<LogPosition> positions;
    for (const Partition partition : std::exchange(fresh_, {})) positions.push_back({{Channel::Input, partition}, 0});
    if (positions.empty()) return;
    ASSERT_TRUE(source_->assign(positions).ok());
  }

 private:
  void on_assigned(std::span<const Partition> inputs) override {
    ++answers_;
    held_.insert(inputs.begin(), inputs.end());
    fresh_.insert(inputs.begin(), inputs.end());
  }
  void on_revoked(std::span<const Partition> inputs) override {
    for (const Partition input : inputs) held_.erase(input), fresh_.erase(input);
  }
  void on_lost(std::span<const Partition> inputs) override { on_revoked(inputs); }

  KafkaStatistics statistics_;
  std::unique_ptr<KafkaSource> source_;
  std::set<Partition> held_, fresh_;
  int answers_ = 0;
};

bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit = std::chrono::seconds(30)) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    if (holds()) return true;
  }
  return false;
}

struct Topic {
  Topic() { cluster.create_topic(kTopic, kPartitions); }
  MockCluster cluster;
};

// The first one has all partitions. Its client has the revoke of half of them in its queue, and it has not been told.
struct Scene : private Topic {
  Scene() {
    eventually([&] { return first.turn(), first.held().size() == kPartitions; });
    second.emplace(cluster);
    eventually([&] { return second->turn(), second->answers() > 0; });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  /// The mock cluster puts members out that had to wait for the others; on a busy machine the first one, too.
  bool as_described() const { return first.held().size() == kPartitions && second->held().empty(); }

  Member first{cluster};
  std::optional<Member> second;
};

// Whatever is done to the assignment by then must not be taken for the answer to it: the group would give away what
// this member still reads and commits.
TEST(BetweenRebalances, OnlyTheAnswerToARevokeGivesPartitionsAway) {
  std::optional<Scene> scene(std::in_place);
  for (int i = 0; i < 3 && !scene->as_described(); ++i) scene.emplace();
  ASSERT_TRUE(scene->as_described());
  Member& first = scene->first;
  Member& second = *scene->second;

  // A home that is taken anew.
  const std::array anew{LogPosition{{Channel::Input, 0}, 0}};
  ASSERT_TRUE(first.source().stop(std::array{anew[0].log}).ok());
  ASSERT_TRUE(first.source().assign(anew).ok());
  eventually([&] { return second.turn(), !second.held().empty(); }, std::chrono::seconds(5));
  EXPECT_THAT(second.held(), IsEmpty()) << "the first one has not been told yet that it loses anything";

  EXPECT_TRUE(eventually([&] { return first.turn(), second.turn(), second.held().size() == kPartitions / 2; }));
  EXPECT_THAT(first.held(), SizeIs(kPartitions / 2));
}

}  // namespace
}  // namespace ebc::topology::testing
