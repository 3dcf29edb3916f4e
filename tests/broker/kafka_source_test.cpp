// The consumer's adapter on a real broker, as a member of a group, without the program around it.
#include "topology/kafka_source.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using topology::Channel;
using topology::LogPartition;
using topology::LogPosition;

class Member : private topology::RebalanceListener {
 public:
  Member(const topology::EngineConfig& config, const std::string& name) {
    auto source = topology::KafkaSource::make(config, "", name, statistics_, *this);
    if (!source.ok()) throw std::runtime_error(std::string(source.status().message()));
    source_ = std::move(*source);
  }
  ~Member() override { source_->close(true, Duration{3'000}); }

  void turn() {
    auto batch = source_->poll(Duration{20});
    if (!batch.ok()) throw std::runtime_error(std::string(batch.status().message()));
    for (const auto& fetched : batch->records) ++seen_[fetched.log.partition][fetched.offset];
    for (const auto& end : batch->ends) ends_.insert(end.log.partition);
    broken_ += batch->broken.size();
    std::vector<LogPosition> positions;
    for (const Partition partition : std::exchange(to_assign_, {})) {
      positions.push_back({{Channel::Input, partition}, 0});
      held_.insert(partition);
    }
    if (positions.empty()) return;
    ASSERT_TRUE(source_->assign(positions).ok());
  }

  const std::set<Partition>& held() const { return held_; }
  /// Partitions whose end was read.
  const std::set<Partition>& ends() const { return ends_; }
  std::size_t broken() const { return broken_; }
  bool has_seen(Partition partition, Offset offset) { return seen_[partition].contains(offset); }

 private:
  void on_assigned(std::span<const Partition> inputs) override {
    to_assign_.insert(to_assign_.end(), inputs.begin(), inputs.end());
  }
  void on_revoked(std::span<const Partition> inputs) override {
    for (const Partition partition : inputs) held_.erase(partition);
  }
  void on_lost(std::span<const Partition> inputs) override { on_revoked(inputs); }

  topology::KafkaStatistics statistics_;
  std::unique_ptr<topology::KafkaSource> source_;
  std::vector<Partition> to_assign_;
  std::set<Partition> held_, ends_;
  std::map<Partition, std::map<Offset, int>> seen_;
  std::size_t broken_ = 0;
};

using KafkaSource = BrokerTest;

// A rebalance pauses what stays, too. Where fetching then goes on is the library's affair: since 2.1.0 it is one too
// far for a partition whose end came out of a call for many messages.
TEST_F(KafkaSource, SeesEveryRecordAfterARebalanceThatFoundItAtTheEnds) {
  constexpr int kPartitions = 12;
  make_topic(kPartitions);
  topology::EngineConfig config;
  config.brokers = brokers();
  config.app_id = app_id();
  config.input_topic = topic();
  Member first(config, "first");
  ASSERT_TRUE(eventually(
      30s, [&] { return first.turn(), first.ends().size() == kPartitions; }, 0ms))
      << "no ends";

  Member second(config, "second");
  ASSERT_TRUE(eventually(
      30s, [&] { return first.turn(), second.turn(), second.held().size() == kPartitions / 2; }, 0ms))
      << "not shared";
  // The first record of each partition, at the very offset that was its end.
  KafkaProducer producer(brokers());
  for (int p = 0; p < kPartitions; ++p) producer.produce({.topic = topic(), .value = "x", .partition = p});
  producer.flush();

  EXPECT_TRUE(eventually(
      20s,
      [&] {
        first.turn(), second.turn();
        int seen = 0;
        for (Partition p = 0; p < kPartitions; ++p) seen += first.has_seen(p, 0) || second.has_seen(p, 0) ? 1 : 0;
        return seen == kPartitions;
      },
      0ms))
      << "records are lost";
  EXPECT_EQ(first.broken(), 0U) << "it asks for what lies beyond the end";
}

}  // namespace
}  // namespace ebc::broker_test
