// reset: asks, refuses while somebody lives, and leaves nothing that an old state folder could be mistaken for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::HasSubstr;

class Reset : public BrokerTest {
 protected:
  FinishedProcess reset(std::vector<std::string> more, const std::string& input = "") {
    std::vector<std::string> arguments{"reset", "--brokers", brokers(), "--topic", topic(), "--app-id", app_id()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_process(collector_binary(),
                       {.arguments = std::move(arguments),
                        .environment = {},
                        .input = input,
                        .output = folder() / ("reset-" + std::to_string(calls_++) + ".txt")},
                       90s);
  }
  void open_group(const std::string& id) {
    KafkaProducer producer(brokers());
    producer.produce(
        {.topic = topic(),
         .key = id,
         .value = R"({"id":")" + id + R"(","type":"EventGroupCollectorCreate","expected":["a"],"ttl":600})"});
    producer.flush();
    wait_until_caught_up();
  }

 private:
  int calls_ = 0;
};

TEST_F(Reset, AsksFirst) {
  make_topic(2);
  {
    const auto collector = start_collector();
    open_group("g");
    collector->stop();
  }
  const std::int64_t before = admin().end_sum(app_id() + "-groups-changelog");
  EXPECT_GT(before, 0);
  for (const char* answer : {"", "n\n"}) {
    const auto finished = reset({}, answer);
    EXPECT_EQ(finished.end.code, 1);
    EXPECT_THAT(finished.output, HasSubstr("nothing was changed"));
  }
  EXPECT_EQ(admin().end_sum(app_id() + "-groups-changelog"), before);
}

TEST_F(Reset, RefusesWhileACollectorRuns) {
  make_topic(2);
  const auto collector = start_collector();
  open_group("g");
  const auto finished = reset({"--yes", "--session-timeout", "1s"});
  EXPECT_EQ(finished.end.code, 1);
  EXPECT_THAT(finished.output, HasSubstr("still run"));
  EXPECT_TRUE(collector->ready());
}

TEST_F(Reset, ForgetsGroupsOffsetsAndStateFoldersOfBefore) {
  make_topic(2);
  const std::vector<std::string> options{"--session-timeout", "6s", "--from", "latest"};
  auto collector = start_collector(options);
  open_group("old");
  // Killed: its partitions are its own until the session ends, which reset waits for.
  collector->kill9();
  const auto finished = reset({"--session-timeout", "6s"}, "y\n");
  ASSERT_EQ(finished.end.code, 0) << finished.output;
  EXPECT_EQ(admin().end_sum(app_id() + "-groups-changelog"), 0);
  EXPECT_EQ(admin().end_sum(app_id() + "-repartition"), 0);
  for (const std::int64_t offset : admin().committed(app_id(), topic())) EXPECT_EQ(offset, -1);

  // The same folder, whose RocksDB still holds the group: the new start knows nothing of it.
  collector->start_and_wait();
  open_group("new");
  KafkaProducer producer(brokers());
  for (const char* id : {"old", "new"}) {
    producer.produce(
        {.topic = topic(),
         .key = id,
         .value = std::string(R"({"id":"a","type":"EventGroupCollectorEntityDone","group":")") + id + "\"}"});
  }
  producer.flush();
  KafkaReader reader(brokers(), topic());
  wait_for_resolved(reader, 1, 30s);
  wait_until_caught_up();
  ASSERT_TRUE(reader.read_to_end(20s));
  std::vector<std::string> resolved;
  for (const auto& record : reader.records()) {
    if (const auto outcome = parse_outcome(record.value.value_or(""))) resolved.push_back(outcome->id);
  }
  EXPECT_THAT(resolved, ::testing::ElementsAre("new"));
}

}  // namespace
}  // namespace ebc::broker_test
