// What can't work is said at the start: by the exit code for scripts, and by a message that names the remedy for
// people.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StartFailure : public BrokerTest {
 protected:
  FinishedProcess run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "run");
    if (std::ranges::find(arguments, "--http") == arguments.end()) {
      arguments.insert(arguments.end(), {"--http", fmt::format("127.0.0.1:{}", free_port())});
    }
    return run_process(collector_binary(),
                       {.arguments = arguments, .environment = {}, .input = "", .output = folder() / "run.log"}, 30s);
  }
};

TEST_F(StartFailure, UnreachableBrokerIsGivenUpAfterTheStartTimeout) {
  const auto address = fmt::format("127.0.0.1:{}", free_port());
  const Stopwatch stopwatch;

  const auto finished = run({"--brokers", address, "--state-dir", state_dir().string(), "--start-timeout", "2s"});

  EXPECT_EQ(finished.end.code, 3);
  EXPECT_THAT(finished.output, AllOf(HasSubstr(address), HasSubstr("--brokers")));
  EXPECT_GE(stopwatch.ms(), 1'900);
  EXPECT_LT(stopwatch.ms(), 8'000);
}

TEST_F(StartFailure, ChangelogThatIsNotCompactedIsRefused) {
  make_topic(4);
  admin().create_topic(app_id() + "-groups-changelog", 4, {{"cleanup.policy", "delete"}});

  const auto finished = run(run_arguments());

  EXPECT_EQ(finished.end.code, 2);
  EXPECT_THAT(finished.output,
              AllOf(HasSubstr(app_id() + "-groups-changelog"), HasSubstr("cleanup.policy"), HasSubstr("compact")));
}

TEST_F(StartFailure, MissingInputTopicNamesTheOptionThatMakesIt) {
  const auto missing = name("missing");

  const auto finished = run({"--brokers", brokers(), "--topic", missing, "--app-id", app_id(), "--state-dir",
                             state_dir().string(), "--create-topics", "internal"});

  EXPECT_EQ(finished.end.code, 2);
  EXPECT_THAT(finished.output, AllOf(HasSubstr(missing), HasSubstr("create-topics")));
  EXPECT_FALSE(admin().topic_exists(missing));
}

TEST_F(StartFailure, MissingTopicIsMadeWhenThatIsAskedFor) {
  make_topic(1);  // gives the collector its names; the topic itself is another
  const auto wanted = name("made");
  Collector collector({.command = "run",
                       .arguments = {"--brokers", brokers(), "--topic", wanted, "--app-id", app_id(), "--state-dir",
                                     state_dir().string(), "--create-topics", "all", "--partitions", "3"},
                       .log = folder() / "collector.log"});

  collector.start_and_wait();

  EXPECT_EQ(admin().partitions_of(wanted), 3);
  EXPECT_EQ(admin().partitions_of(app_id() + "-groups-changelog"), 3);
}

TEST_F(StartFailure, StateFolderThatCanNotBeMadeIsNamed) {
  make_topic(1);
  // Below a file: not even root can make a folder there.
  std::ofstream(folder() / "file") << "x";
  const auto impossible = (folder() / "file" / "state").string();

  const auto finished =
      run({"--brokers", brokers(), "--topic", topic(), "--app-id", app_id(), "--state-dir", impossible});

  EXPECT_EQ(finished.end.code, 4);
  EXPECT_THAT(finished.output, AllOf(HasSubstr(impossible), HasSubstr("--state-dir")));
}

TEST_F(StartFailure, StateFolderOfAnotherApplicationIsRefused) {
  make_topic(1);
  auto first = start_collector();
  ASSERT_EQ(first->stop().code, 0);

  const auto finished =
      run({"--brokers", brokers(), "--topic", topic(), "--app-id", name("other"), "--state-dir", state_dir().string()});

  EXPECT_EQ(finished.end.code, 4);
  EXPECT_THAT(finished.output, AllOf(HasSubstr(state_dir().string()), HasSubstr(app_id()), HasSubstr("--state-dir")));
}

TEST_F(StartFailure, AChangelogOfANewerVersionIsLeftToThatVersion) {
  make_topic(1);
  admin().create_topic(app_id() + "-groups-changelog", 1, {{"cleanup.policy", "compact"}});
  KafkaProducer newer(brokers());
  newer.produce({.topic = app_id() + "-groups-changelog", .key = "\x10group", .value = "\x02of another format"});
  newer.flush();

  const auto finished = run(run_arguments());

  EXPECT_EQ(finished.end.code, 4);
  EXPECT_THAT(finished.output, AllOf(HasSubstr("format 2"), HasSubstr("run the version that wrote it")));
}

// One step up, by a version that writes the next format, and a step down again: what this version can't read it leaves
// alone, and what is of its own format it takes up where it stood.
TEST_F(StartFailure, ANewerStateFolderIsLeftAloneAndAnOwnOneTakenUpAgain) {
  make_topic(1);
  auto before = start_collector();
  KafkaProducer producer(brokers());
  producer.produce(
      {.topic = topic(), .value = R"({"id":"kept","type":"EventGroupCollectorCreate","expected":["a"],"ttl":3600})"});
  producer.flush();
  ASSERT_TRUE(eventually(20s, [&] { return before->metric("open_groups") == 1; }));
  ASSERT_EQ(before->stop().code, 0);
  const auto identity = state_dir() / "identity";
  std::ostringstream own;
  own << std::ifstream(identity).rdbuf();

  std::string newer = own.str();
  newer.replace(newer.find("format = 1"), 10, "format = 2");
  std::ofstream(identity) << newer;
  const auto folder_refused = run(run_arguments());
  EXPECT_EQ(folder_refused.end.code, 4);
  EXPECT_THAT(folder_refused.output, HasSubstr("run the version that wrote it or a later one"));
  std::ostringstream left;
  left << std::ifstream(identity).rdbuf();
  EXPECT_EQ(left.str(), newer);

  std::ofstream(identity) << own.str();
  const auto after = start_collector();
  EXPECT_EQ(after->metric("open_groups"), 1);
  EXPECT_LE(after->metric("restored_records_total"), 1) << "it goes on from its own state";
  producer.produce({.topic = topic(), .value = R"({"id":"a","type":"EventGroupCollectorEntityDone","group":"kept"})"});
  producer.flush();
  EXPECT_TRUE(eventually(20s, [&] { return after->metric("outcomes_total") == 1; }));
}

TEST_F(StartFailure, StateFolderInUseIsRefusedAndItsUserUnharmed) {
  make_topic(1);
  const auto first = start_collector();

  const auto finished = run(run_arguments());

  EXPECT_EQ(finished.end.code, 4);
  EXPECT_THAT(finished.output, AllOf(HasSubstr(state_dir().string()), HasSubstr("--state-dir")));
  EXPECT_TRUE(first->ready());
}

TEST_F(StartFailure, TakenHttpPortNamesTheOption) {
  make_topic(1);
  const TakenPort taken;
  auto arguments = run_arguments();
  arguments.insert(arguments.end(), {"--http", fmt::format("127.0.0.1:{}", taken.port())});

  const auto finished = run(arguments);

  EXPECT_EQ(finished.end.code, 2);
  EXPECT_THAT(finished.output, AllOf(HasSubstr(std::to_string(taken.port())), HasSubstr("--http")));
}

TEST_F(StartFailure, SettingsThatTheGuaranteeStandsOnAreRefused) {
  make_topic(1);

  const auto finished = run(run_arguments({"--kafka", "enable.idempotence=false"}));

  EXPECT_EQ(finished.end.code, 2);
  EXPECT_THAT(finished.output, HasSubstr("enable.idempotence"));
}

TEST_F(StartFailure, OutcomesTopicThatDoesNotTakeTheLargestOutcomeIsRefused) {
  make_topic(1, {{"max.message.bytes", "200000"}});

  const auto refused = run(run_arguments());

  EXPECT_EQ(refused.end.code, 2);
  EXPECT_THAT(refused.output, AllOf(HasSubstr(topic()), HasSubstr("max.message.bytes"),
                                    HasSubstr("--max-outcome-bytes to at most 182592")));
  const auto taken = start_collector({"--max-outcome-bytes", "182592"});
  EXPECT_TRUE(taken->ready());
}

}  // namespace
}  // namespace ebc::broker_test
