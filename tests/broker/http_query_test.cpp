// `get` and `ls`: what people and scripts ask of a running collector.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class HttpQuery : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    make_topic(2);
    collector_ = start_collector();
    KafkaProducer producer(brokers());
    const auto send = [&](const std::string& event) { producer.produce({.topic = topic(), .value = event}); };
    const std::string create = R"({{"id":"{}","type":"EventGroupCollectorCreate","expected":["a","b"],"ttl":{}{}}})";
    send(fmt::format(fmt::runtime(create), "order-1", 3600, R"(,"labels":{"team":"x"})"));
    send(fmt::format(fmt::runtime(create), R"(bad\u001b[2J\nid/é)", 1800, ""));
    send(fmt::format(fmt::runtime(create), "order-2", 60, ""));
    for (const auto* entity : {"a", "b"}) {
      send(fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"order-2","result":7}})", entity));
    }
    send(R"({"id":"a","type":"EventGroupCollectorEntityDone","group":"order-1","result":{"paid":true}})");
    producer.flush();
    ASSERT_TRUE(eventually(20s, [&] {
      return collector_->metric("outcomes_total") == 1 && collector_->metric("entities_done_total") == 3;
    }));
    wait_until_caught_up();
  }

  FinishedProcess ask(std::vector<std::string> arguments, const Environment& environment = {}) const {
    arguments.insert(arguments.end(), {"--server", fmt::format("http://127.0.0.1:{}", collector_->http_port())});
    return run_process(
        collector_binary(),
        {.arguments = arguments, .environment = environment, .input = "", .output = folder() / "query.log"}, 30s);
  }

  std::unique_ptr<Collector> collector_;
};

TEST_F(HttpQuery, GetTellsOfAGroupWhatItWaitsForOrWhatBecameOfIt) {
  const auto open = ask({"get", "order-1"});
  EXPECT_EQ(open.end.code, 0) << open.output;
  EXPECT_THAT(open.output, AllOf(HasSubstr("state       open"), HasSubstr("waits for   1 of 2: b"),
                                 HasSubstr(R"({"a":{"paid":true}})"), HasSubstr(R"({"team":"x"})")));
  const auto resolved = ask({"get", "order-2"});
  EXPECT_EQ(resolved.end.code, 0) << resolved.output;
  EXPECT_THAT(resolved.output, AllOf(HasSubstr("state       success"), HasSubstr("EventGroupCollectorSuccess")));
  const auto json = ask({"get", "order-1", "--json"});
  EXPECT_EQ(json.end.code, 0);
  EXPECT_THAT(json.output, AllOf(HasSubstr(R"("missing":["b"])"), HasSubstr(R"("settled":{"a":")")));
  const auto unknown = ask({"get", "nobody"});
  EXPECT_EQ(unknown.end.code, 1);
  EXPECT_THAT(unknown.output, HasSubstr("nobody"));
}

TEST_F(HttpQuery, LsListsWhatIsDueFirstAndShowsNoControlCharacters) {
  const auto all = ask({"ls"});
  EXPECT_EQ(all.end.code, 0) << all.output;
  EXPECT_EQ(std::count(all.output.begin(), all.output.end(), '\n'), 2) << all.output;
  EXPECT_LT(all.output.find("bad"), all.output.find("order-1")) << "by deadline\n" << all.output;
  EXPECT_THAT(all.output, AllOf(HasSubstr("2 of 2: a, b"), HasSubstr("1 of 2: b"), Not(HasSubstr("\x1b"))));
  const auto labelled = ask({"ls", "--label", "team:x", "--json"});
  EXPECT_EQ(labelled.end.code, 0);
  EXPECT_THAT(labelled.output, AllOf(HasSubstr(R"({"id":"order-1")"), Not(HasSubstr("bad"))));
  const auto resolved = ask({"ls", "--state", "success"});
  EXPECT_THAT(resolved.output, AllOf(HasSubstr("order-2"), HasSubstr("success"), Not(HasSubstr("order-1"))));
  EXPECT_EQ(ask({"ls", "--limit", "1"}).output.find("order-1"), std::string::npos) << "the limit counts";
}

TEST_F(HttpQuery, BothSayWhenNobodyAnswersOrTheTokenIsWrong) {
  collector_->stop();
  const auto gone = ask({"ls"});
  EXPECT_EQ(gone.end.code, 1);
  EXPECT_THAT(gone.output, HasSubstr("--server"));

  Collector guarded({.command = "run",
                     .arguments = run_arguments(),
                     .log = folder() / "guarded.log",
                     .environment = {{"EB_COLLECTOR_HTTP_TOKEN", "right-token"}}});
  guarded.start_and_wait();
  const auto call = [&](const std::string& token) {
    return run_process(
        collector_binary(),
        {.arguments = {"get", "order-1", "--server", fmt::format("http://127.0.0.1:{}", guarded.http_port())},
         .environment = {{"EB_COLLECTOR_HTTP_TOKEN", token}},
         .input = "",
         .output = folder() / "query.log"},
        30s);
  };
  const auto wrong = call("wrong-token");
  EXPECT_EQ(wrong.end.code, 1);
  EXPECT_THAT(wrong.output, Not(HasSubstr("wrong-token")));
  EXPECT_EQ(call("right-token").end.code, 0);
}

}  // namespace
}  // namespace ebc::broker_test
