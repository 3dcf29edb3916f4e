// The README's walkthrough, its very lines, through kcat.
#include "tests/broker/walkthrough.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using Walkthrough = BrokerTest;

TEST_F(Walkthrough, ComesTrueOnARealBrokerWithFourPartitions) {
  make_topic(4);
  const auto collector = start_collector();

  play_walkthrough(
      {.brokers = brokers(), .topic = topic(), .folder = folder(), .settle = [&] { wait_until_caught_up(); }});
}

TEST_F(Walkthrough, ComesTrueOnTheEmbeddedBroker) {
  const int port = free_port();
  const auto bootstrap = fmt::format("127.0.0.1:{}", port);
  Collector dev({.command = "dev", .arguments = {"--port", std::to_string(port)}, .log = folder() / "dev.log"});
  dev.start_and_wait();
  const KafkaAdmin embedded(bootstrap);

  play_walkthrough({.brokers = bootstrap, .topic = "eventbus-collector", .folder = folder(), .settle = [&] {
                      ASSERT_TRUE(eventually(30s, [&] {
                        return embedded.consumed_by("eb-collector", "eventbus-collector") &&
                               embedded.consumed_by("eb-collector", "eb-collector-repartition");
                      }));
                    }});

  EXPECT_EQ(dev.stop().code, 0) << dev.log();
}

TEST_F(Walkthrough, DevNamesThePortOptionWhenItsPortIsTaken) {
  const TakenPort taken;

  const auto finished = run_process(
      collector_binary(),
      {.arguments = {"dev", "--port", std::to_string(taken.port()), "--http", fmt::format("127.0.0.1:{}", free_port())},
       .environment = {},
       .input = "",
       .output = folder() / "dev.log"},
      20s);

  EXPECT_EQ(finished.end.code, 2);
  EXPECT_NE(finished.output.find("--port"), std::string::npos) << finished.output;
}

}  // namespace
}  // namespace ebc::broker_test
