// Whatever lies in the topic: it is put aside as it came, with the reason, and what follows is processed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class Garbage : public BrokerTest {};

struct BadRecord {
  std::string value, reason;
};

TEST_F(Garbage, LandsInTheDeadLettersAndStopsNothing) {
  make_topic(2);
  const auto collector = start_collector();
  const std::vector<BadRecord> bad{
      {"this is no JSON", "not-json"},
      {std::string("\x00\xff\xfe binary \x80", 12), "not-json"},
      {"", "not-json"},
      {R"({"id":"x","type":"EventGroupCollectorCreate","expected":["a"]} trailing)", "not-json"},
      {R"([1,2,3])", "no-type"},
      {R"({"id":"x"})", "no-type"},
      {R"({"type":"EventGroupCollectorNonsense","id":"x"})", "unknown-type"},
      {R"({"type":"EventGroupCollectorCreate","expected":["a"]})", "invalid-create"},
      {R"({"type":"EventGroupCollectorCreate","id":7,"expected":["a"]})", "invalid-create"},
      {R"({"type":"EventGroupCollectorEntityDone","id":"a"})", "invalid-done"},
      {R"({"type":"EventGroupCollectorEntityDone","id":{},"group":"g"})", "invalid-done"},
  };
  KafkaProducer producer(brokers());
  for (std::size_t i = 0; i < bad.size(); ++i) {
    producer.produce({.topic = topic(),
                      .key = "key " + std::to_string(i),
                      .value = bad[i].value,
                      .partition = 1,
                      .headers = {{"kept", std::to_string(i)}}});
  }
  // Nobody's business: skipped, no dead letter.
  producer.produce({.topic = topic(), .value = R"({"type":"SomebodyElsesEvent","id":1})"});
  producer.produce({.topic = topic(), .key = "tombstone"});
  producer.flush();
  Workload workload({.groups = 20});
  workload.run(brokers(), topic());

  EXPECT_TRUE(is_exactly_once(check_all(workload.produced())));
  KafkaReader letters(brokers(), app_id() + "-dead-letter");
  eventually(
      20s, [&] { return letters.poll(20ms), letters.records().size() >= bad.size(); }, 0ms);
  ASSERT_TRUE(letters.read_to_end(10s));
  ASSERT_EQ(letters.records().size(), bad.size());
  for (const auto& letter : letters.records()) {
    const auto index = static_cast<std::size_t>(std::stoul(letter.header("kept")));
    SCOPED_TRACE(bad[index].value);
    EXPECT_EQ(letter.value, bad[index].value);
    EXPECT_EQ(letter.key, "key " + std::to_string(index));
    EXPECT_EQ(letter.header("dlq.reason"), bad[index].reason);
    EXPECT_EQ(letter.header("dlq.topic"), topic());
    EXPECT_EQ(letter.header("dlq.partition"), "1");
    EXPECT_EQ(letter.header("dlq.offset"), std::to_string(index));
    EXPECT_THAT(letter.header("dlq.detail"), ::testing::Not(::testing::IsEmpty()));
    EXPECT_THAT(letter.header("dlq.timestamp"), ::testing::Not(::testing::IsEmpty()));
  }
  EXPECT_TRUE(collector->running());
}

TEST_F(Garbage, WithALegibleIdFailsThatGroupAtOnce) {
  make_topic(2);
  const auto collector = start_collector();
  KafkaProducer producer(brokers());
  producer.produce(
      {.topic = topic(), .key = "bad", .value = R"({"id":"bad","type":"EventGroupCollectorCreate","expected":"a"})"});
  producer.flush();

  KafkaReader reader(brokers(), topic());
  wait_for_resolved(reader, 1, 20s);
  std::vector<Outcome> outcomes;
  for (const auto& record : reader.records()) {
    if (const auto outcome = parse_outcome(record.value.value_or(""))) outcomes.push_back(*outcome);
  }
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].id, "bad");
  EXPECT_EQ(outcomes[0].cause, "invalid");
}

}  // namespace
}  // namespace ebc::broker_test
