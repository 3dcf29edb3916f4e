// replay-dead-letters: shows first, sends what is asked for, and each letter once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Replay : public BrokerTest {
 protected:
  FinishedProcess replay(std::vector<std::string> arguments) {
    std::vector<std::string> all{
        "replay-dead-letters", "--brokers", brokers(), "--topic", topic(), "--app-id", app_id()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return run_process(collector_binary(),
                       {.arguments = std::move(all),
                        .environment = {},
                        .input = "",
                        .output = folder() / ("replay-" + std::to_string(calls_++) + ".txt")},
                       60s);
  }

 private:
  int calls_ = 0;
};

TEST_F(Replay, SendsOriginalsBackOnceAndByReason) {
  make_topic(2);
  const auto collector = start_collector({"--orphan-ttl", "300ms"});
  KafkaProducer producer(brokers());
  const std::string early =
      R"({"id":"a","type":"EventGroupCollectorEntityDone","group":"late-create","result":[1, 2.0]})";
  producer.produce({.topic = topic(), .key = "my own key", .value = early, .headers = {{"h", "v"}}});
  producer.produce({.topic = topic(), .key = "k", .value = "no json"});
  producer.flush();
  KafkaReader letters(brokers(), app_id() + "-dead-letter");
  ASSERT_TRUE(eventually(
      30s, [&] { return letters.poll(20ms), letters.records().size() >= 2; }, 0ms));
  wait_until_caught_up();
  const std::int64_t before = admin().end_sum(topic());

  const auto shown = replay({"--reason", "no-such-group"});
  EXPECT_EQ(shown.end.code, 0) << shown.output;
  EXPECT_THAT(shown.output, HasSubstr("late-create"));
  EXPECT_THAT(shown.output, HasSubstr("1 of 2"));
  EXPECT_EQ(admin().end_sum(topic()), before) << "only shown";

  producer.produce({.topic = topic(),
                    .key = "late-create",
                    .value = R"({"id":"late-create","type":"EventGroupCollectorCreate","expected":["a"],"ttl":60})"});
  producer.flush();
  const auto sent = replay({"--reason", "no-such-group", "--execute"});
  EXPECT_EQ(sent.end.code, 0) << sent.output;
  EXPECT_THAT(sent.output, HasSubstr("1 of 1 dead letters were sent"));
  KafkaReader bus(brokers(), topic());
  wait_for_resolved(bus, 1, 30s);
  bool found = false;
  for (const auto& record : bus.records()) {
    if (record.value != early || record.offset == 0) continue;
    found = true;
    EXPECT_EQ(record.key, "my own key");
    EXPECT_EQ(record.headers, (Headers{{"h", "v"}}));
  }
  EXPECT_TRUE(found);

  const auto again = replay({"--reason", "no-such-group", "--execute"});
  EXPECT_THAT(again.output, HasSubstr("0 of 0 dead letters were sent"));
  const auto forced = replay({"--reason", "no-such-group", "--again", "--json"});
  EXPECT_THAT(forced.output, HasSubstr(R"("replayed":true)"));
  // The other reason was not touched by any of this.
  EXPECT_THAT(replay({}).output, HasSubstr("not-json"));
}

TEST_F(Replay, SendsMessagesOfHandlersOnlyWhereItIsTold) {
  make_topic(1);
  const auto collector = start_collector();
  KafkaProducer producer(brokers());
  producer.produce(
      {.topic = topic(),
       .key = "h",
       .value =
           R"({"id":"h","type":"EventGroupCollectorCreate","expected":[],"handler":{"onsuccess":{"topic":"x","payload":[7]}}})"});
  producer.flush();
  KafkaReader letters(brokers(), app_id() + "-dead-letter");
  ASSERT_TRUE(eventually(
      30s, [&] { return letters.poll(20ms), !letters.records().empty(); }, 0ms));
  EXPECT_THAT(replay({}).output, HasSubstr("0 of 1"));
  const auto refused = replay({"--reason", "handler-refused"});
  EXPECT_EQ(refused.end.code, 2);
  EXPECT_THAT(refused.output, HasSubstr("--to"));
  const std::string target = name("jobs");
  admin().create_topic(target, 1);
  EXPECT_EQ(replay({"--reason", "handler-refused", "--to", target, "--execute"}).end.code, 0);
  KafkaReader jobs(brokers(), target);
  ASSERT_TRUE(jobs.read_to_end(20s));
  ASSERT_EQ(jobs.records().size(), 1u);
  EXPECT_EQ(jobs.records()[0].value, "[7]");
  EXPECT_EQ(jobs.records()[0].key, "h");
}

TEST_F(Replay, NamesAnUnknownReason) {
  make_topic(1);
  const auto finished = replay({"--reason", "no-such-reason"});
  EXPECT_EQ(finished.end.code, 2);
  EXPECT_THAT(finished.output, HasSubstr("already-settled"));
}

}  // namespace
}  // namespace ebc::broker_test
