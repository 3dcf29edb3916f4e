// What is seen of a running collector besides its metrics: log lines for machines, and traces that go through it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <simdjson.h>

#include <sstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Observability : public BrokerTest {};

TEST_F(Observability, LogLinesAreJsonObjectsAndNoneHoldsWhatProducersSent) {
  make_topic(2);
  const auto collector = start_collector({"--log-format", "json", "--log-level", "trace", "--kafka", "debug=all"});
  KafkaProducer producer(brokers());
  // An id that would clear the screen and begin a line of its own, if it were ever shown as it is.
  const std::string id = R"(g\u001b[2J\n{\"level\":\"error\"})";
  producer.produce({.topic = topic(),
                    .value = fmt::format(R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":["a"],)"
                                         R"("payload":"the-payload"}})",
                                         id)});
  producer.produce({.topic = topic(),
                    .value = fmt::format(R"({{"id":"a","type":"EventGroupCollectorEntityDone","group":"{}",)"
                                         R"("result":"the-result"}})",
                                         id)});
  producer.produce({.topic = topic(), .value = "the-unreadable\x1b[2J"});
  producer.flush();
  ASSERT_TRUE(eventually(
      20s, [&] { return collector->metric("outcomes_total") == 1 && collector->metric("dead_letters_total") == 1; }));
  ASSERT_EQ(collector->stop().code, 0);

  const auto log = collector->log();
  EXPECT_THAT(log, Not(HasSubstr("the-payload")));
  EXPECT_THAT(log, Not(HasSubstr("the-result")));
  EXPECT_THAT(log, Not(HasSubstr("the-unreadable")));
  std::istringstream lines(log);
  simdjson::dom::parser parser;
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    simdjson::dom::object object;
    ASSERT_EQ(parser.parse(line).get(object), simdjson::SUCCESS) << line;
    for (const auto* field : {"time", "level", "message"}) {
      std::string_view text;
      EXPECT_EQ(object[field].get(text), simdjson::SUCCESS) << line;
    }
    EXPECT_TRUE(std::none_of(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        << line;
  }
  EXPECT_GT(count, 100U);
}

TEST_F(Observability, ATraceGoesThroughTheCollectorAlsoWhenTheCreateIsReKeyed) {
  make_topic(4);
  const auto collector = start_collector();
  KafkaProducer producer(brokers());
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  // In each partition once: three of the four have to hop to their home.
  for (int partition = 0; partition < 4; ++partition) {
    producer.produce(
        {.topic = topic(),
         .value = fmt::format(R"({{"id":"g{}","type":"EventGroupCollectorCreate","expected":[]}})", partition),
         .partition = partition,
         .headers = {{"traceparent", trace}, {"tracestate", fmt::format("p={}", partition)}, {"other", "x"}}});
  }
  producer.flush();
  ASSERT_TRUE(eventually(20s, [&] { return collector->metric("outcomes_total") == 4; }));
  KafkaReader reader(brokers(), topic());
  ASSERT_TRUE(reader.read_to_end(20s));
  int outcomes = 0;
  for (const auto& record : reader.records()) {
    if (!record.value || record.value->find("EventGroupCollectorSuccess") == std::string::npos) continue;
    ++outcomes;
    EXPECT_EQ(record.header("traceparent"), trace);
    EXPECT_EQ(record.header("tracestate"), "p=" + record.key->substr(1));
    EXPECT_EQ(record.header("other"), "");
  }
  EXPECT_EQ(outcomes, 4);
}

}  // namespace
}  // namespace ebc::broker_test
