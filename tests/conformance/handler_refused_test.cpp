// Handlers' messages that a real broker refuses: the outcome goes out, once, and the message is a dead letter. That a
// right is missing is tested with the other rights (tests/broker/security_test.cpp).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

class HandlerOnABroker : public BrokerTest, public ::testing::WithParamInterface<const char*> {
 protected:
  void begin() {
    make_topic(2);
    jobs_ = name("jobs");
    collector_ = start_collector({"--handler-topics", name("*"), "--guarantee", GetParam()});
  }

  /// A group that is resolved at once, with a message to `handler` of so many bytes.
  void open(const std::string& id, const std::string& handler, std::size_t bytes) {
    KafkaProducer producer(brokers());
    const std::string payload(bytes - 2, 'x');
    producer.produce({.topic = topic(),
                      .key = id,
                      .value = fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":[],)"
                                           R"("handler":{{"onsuccess":{{"topic":"{}","payload":"{}"}}}}}})",
                                           id, handler, payload)});
    producer.flush();
  }

  /// All of a topic, when it holds so many records, or after a while.
  std::vector<ConsumedRecord> read(const std::string& from, std::size_t records) {
    KafkaReader reader(brokers(), from);
    eventually(
        60s, [&] { return reader.poll(50ms), reader.records().size() >= records; }, 0ms);
    wait_until_caught_up();
    reader.read_to_end(10s);
    return reader.records();
  }

  std::map<std::string, int> outcomes() {
    std::map<std::string, int> count;
    for (const auto& record : read(topic(), 0)) {
      if (const auto outcome = parse_outcome(record.value.value_or(""))) ++count[outcome->id];
    }
    return count;
  }

  bool once() const { return std::string(GetParam()) == "exactly-once"; }

  std::string jobs_;
  std::unique_ptr<Collector> collector_;
};

TEST_P(HandlerOnABroker, OfATopicThatTakesNoMessageOfSuchASizeIsADeadLetter) {
  begin();
  admin().create_topic(jobs_, 1, {{"max.message.bytes", "2000"}});
  open("fits", jobs_, 1'000);
  ASSERT_EQ(read(jobs_, 1).size(), 1u);
  open("large", jobs_, 5'000);
  open("beside", jobs_, 1'000);
  const auto letters = read(app_id() + "-dead-letter", 1);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].header("dlq.reason"), "handler-refused");
  EXPECT_EQ(letters[0].key, "large");
  EXPECT_EQ(letters[0].value, "\"" + std::string(4'998, 'x') + "\"");
  const auto sent = read(jobs_, 2);
  std::map<std::string, int> keys;
  for (const auto& record : sent) ++keys[record.key.value_or("")];
  const auto found = outcomes();
  EXPECT_EQ(found.size(), 3u);
  EXPECT_EQ(keys.size(), 2u);
  EXPECT_FALSE(keys.contains("large"));
  EXPECT_GE(keys["beside"], 1);
  if (!once()) return;
  for (const auto& [id, count] : found) EXPECT_EQ(count, 1) << id;
  EXPECT_EQ(sent.size(), 2u);
}

TEST_P(HandlerOnABroker, OfATopicThatIsNotThereIsADeadLetter) {
  begin();
  open("g", jobs_, 100);
  const auto letters = read(app_id() + "-dead-letter", 1);
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].header("dlq.reason"), "handler-refused");
  EXPECT_EQ(letters[0].key, "g");
  EXPECT_EQ(outcomes(), (std::map<std::string, int>{{"g", 1}}));
  EXPECT_FALSE(admin().topic_exists(jobs_)) << "looking for it doesn't make it";
}

INSTANTIATE_TEST_SUITE_P(Guarantees, HandlerOnABroker, ::testing::Values("exactly-once", "at-least-once"),
                         [](const auto& guarantee) {
                           return std::string(guarantee.param) == "exactly-once" ? "ExactlyOnce" : "AtLeastOnce";
                         });

}  // namespace
}  // namespace ebc::broker_test
