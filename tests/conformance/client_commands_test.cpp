// The commands that produce one event each, as a script would use them, against a running collector.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::HasSubstr;

class ClientCommands : public BrokerTest {
 protected:
  FinishedProcess call(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--brokers", brokers(), "--topic", topic()});
    const std::filesystem::path output = folder() / ("command-" + std::to_string(calls_++) + ".txt");
    return run_process(collector_binary(),
                       {.arguments = std::move(arguments), .environment = {}, .input = "", .output = output}, 60s);
  }
  void expect_done(const std::vector<std::string>& arguments) {
    const auto finished = call(arguments);
    EXPECT_EQ(finished.end.code, 0) << arguments.front() << ": " << finished.output;
  }
  std::unique_ptr<Process> start(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--brokers", brokers(), "--topic", topic()});
    return std::make_unique<Process>(
        collector_binary(), ProcessOptions{.arguments = std::move(arguments),
                                           .environment = {},
                                           .input = "",
                                           .output = folder() / ("command-" + std::to_string(calls_++) + ".txt")});
  }

 private:
  int calls_ = 0;
};

TEST_F(ClientCommands, TakeAGroupFromItsCreateToItsSeal) {
  make_topic(3);
  const auto collector = start_collector();
  auto waiting = start({"create", "g1", "--expected", "a", "--policy", "all", "--ttl", "40", "--wait", "--json"});
  // Of a sealed group: refused by the collector, not by the command.
  expect_done({"done", "g1", "a", "--result", R"({"paid": true})"});
  const auto created = waiting->wait(30s);
  ASSERT_TRUE(created.has_value());
  EXPECT_EQ(created->code, 0);
  EXPECT_THAT(waiting->output(), HasSubstr(R"("results":{"a":{"paid":true}})"));
}

TEST_F(ClientCommands, UpdateAndCancelAnOpenGroup) {
  make_topic(3);
  const auto collector = start_collector();
  KafkaProducer producer(brokers());
  for (const char* id : {"grown", "cancelled", "prolonged"}) {
    const std::string json = std::string(R"({"id":")") + id +
                             R"(","type":"EventGroupCollectorCreate","expected":["a"],"sealed":false,"ttl":60})";
    producer.produce({.topic = topic(), .key = id, .value = json});
  }
  producer.flush();
  expect_done({"update", "grown", "--add", "b,c"});
  expect_done({"done", "grown", "a"});
  expect_done({"done", "grown", "b"});
  expect_done({"fail", "grown", "x", "--error", "not one of us", "--json"});
  expect_done({"cancel", "cancelled", "--reason", "changed my mind"});
  expect_done({"update", "prolonged", "--ttl", "0.5"});
  KafkaReader reader(brokers(), topic());
  wait_for_resolved(reader, 2, 30s);
  // Only now the seal, by which the stranger's error fails the group.
  expect_done({"update", "grown", "--seal"});
  wait_for_resolved(reader, 3, 30s);
  std::map<std::string, Outcome> outcomes;
  for (const auto& record : reader.records()) {
    if (auto outcome = parse_outcome(record.value.value_or(""))) outcomes[outcome->id] = *outcome;
  }
  EXPECT_EQ(outcomes["cancelled"].cause, "cancelled");
  EXPECT_EQ(outcomes["cancelled"].error, R"("changed my mind")");
  EXPECT_EQ(outcomes["prolonged"].error, R"("Operation timed out after 0.5 seconds")");
  EXPECT_EQ(outcomes["grown"].cause, "error");
  EXPECT_EQ(outcomes["grown"].entity, "x");
  EXPECT_EQ(outcomes["grown"].results.size(), 2u);
}

TEST_F(ClientCommands, CreateWithWaitFailsWithItsGroup) {
  make_topic(1);
  const auto collector = start_collector();
  const auto finished = call({"create", "short", "--expected", "a", "--ttl", "0.5", "--wait"});
  EXPECT_EQ(finished.end.code, 1);
  EXPECT_THAT(finished.output, HasSubstr("timed out after 0.5 seconds"));
}

TEST_F(ClientCommands, WatchShowsOutcomesOneLineEach) {
  make_topic(2);
  const auto collector = start_collector();
  auto watch = start({"watch"});
  ASSERT_TRUE(watch->wait_for_output("following", 30s));
  expect_done({"create", "w1", "--expected", "a"});
  expect_done({"done", "w1", "a"});
  EXPECT_TRUE(watch->wait_for_output("w1", 30s)) << watch->output();
  watch->signal(SIGINT);
  const auto end = watch->wait(10s);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->code, 0);
}

TEST_F(ClientCommands, NameWhatIsWrongAndSendNothing) {
  make_topic(1);
  const auto nothing = call({"update", "g"});
  EXPECT_EQ(nothing.end.code, 2);
  EXPECT_THAT(nothing.output, HasSubstr("--add, --ttl or --seal"));
  EXPECT_EQ(call({"cancel"}).end.code, 2);
  EXPECT_EQ(call({"update", "g", "--ttl", "soon"}).end.code, 2);
  EXPECT_EQ(admin().end_sum(topic()), 0);
}

}  // namespace
}  // namespace ebc::broker_test
