// `inspect` and `verify`: a look into the folder of an instance that doesn't run.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "state/rocks_database.h"
#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class StateCommands : public BrokerTest {
 protected:
  FinishedProcess command(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--state-dir", state_dir().string()});
    return run_process(collector_binary(),
                       {.arguments = arguments, .environment = {}, .input = "", .output = folder() / "command.log"},
                       60s);
  }
  FinishedProcess verify() const { return command({"verify", "--brokers", brokers()}); }

  // Groups open, groups resolved, an early event; and the instance stopped.
  void fill() {
    make_topic(2);
    auto collector = start_collector({"--orphan-ttl", "1h"});
    KafkaProducer producer(brokers());
    for (int i = 0; i < 50; ++i) {
      producer.produce(
          {.topic = topic(),
           .value =
               fmt::format(R"({{"id":"g{}","type":"EventGroupCollectorCreate","expected":["a","b"],"ttl":3600}})", i)});
    }
    producer.produce(
        {.topic = topic(), .value = R"({"id":"x","type":"EventGroupCollectorEntityDone","group":"never"})"});
    producer.flush();
    ASSERT_TRUE(eventually(20s, [&] { return collector->metric("open_groups") == 50; }));
    for (int i = 0; i < 10; ++i) {
      for (const auto* entity : {"a", "b"}) {
        producer.produce(
            {.topic = topic(),
             .value = fmt::format(R"({{"id":"{}","type":"EventGroupCollectorEntityDone","group":"g{}"}})", entity, i)});
      }
    }
    producer.produce({.topic = topic(), .value = R"({"id":"a","type":"EventGroupCollectorEntityDone","group":"g20"})"});
    producer.flush();
    ASSERT_TRUE(eventually(20s, [&] { return collector->metric("open_groups") == 40; }));
    wait_until_caught_up();
    ASSERT_EQ(collector->stop().code, 0);
  }
};

TEST_F(StateCommands, InspectShowsWhatTheFolderHolds) {
  fill();
  const auto shown = command({"inspect", "--json", "--groups"});
  EXPECT_EQ(shown.end.code, 0) << shown.output;
  EXPECT_THAT(shown.output,
              AllOf(HasSubstr(fmt::format(R"("application":"{}")", app_id())), HasSubstr(R"("home":0)"),
                    HasSubstr(R"("home":1)"), HasSubstr(R"("group":"g20")"), HasSubstr(R"("awaited":1)")));
  EXPECT_THAT(shown.output, Not(HasSubstr(R"("group":"g3")")));
  const auto table = command({"inspect"});
  EXPECT_EQ(table.end.code, 0);
  EXPECT_THAT(table.output, AllOf(HasSubstr("HOME"), HasSubstr("OPEN")));
}

TEST_F(StateCommands, VerifyFindsTheFolderEqualToItsChangelog) {
  fill();
  const auto verified = verify();
  EXPECT_EQ(verified.end.code, 0) << verified.output;
  EXPECT_THAT(verified.output, AllOf(HasSubstr("home 0:"), HasSubstr("home 1:"), HasSubstr(" 0 differ")));
  // And looking has changed nothing: it starts from its own state.
  auto collector = start_collector();
  EXPECT_EQ(collector->metric("open_groups"), 40);
  EXPECT_LE(collector->metric("restored_records_total"), 4);
}

TEST_F(StateCommands, VerifyNamesARowThatTheChangelogDoesNotHave) {
  fill();
  {
    auto database = state::RocksDatabase::open(state_dir() / "db", {});
    ASSERT_TRUE(database.ok());
    auto store = (*database)->open_home(1);
    ASSERT_TRUE(store.ok());
    auto position = (*store)->changelog_offset_next();
    ASSERT_TRUE(position.ok());
    const state::Write write{"\x20made-up", "value"};
    ASSERT_TRUE((*store)->apply({&write, 1}, **position).ok());
  }
  const auto verified = verify();
  EXPECT_EQ(verified.end.code, 1) << verified.output;
  EXPECT_THAT(verified.output, AllOf(HasSubstr("made-up"), HasSubstr("not in the changelog"), HasSubstr("1 differ")));
}

TEST_F(StateCommands, BothKeepAwayFromAFolderInUseAndFromNone) {
  make_topic(1);
  EXPECT_EQ(command({"inspect"}).end.code, 4);
  EXPECT_FALSE(std::filesystem::exists(state_dir())) << "looking made a folder";
  const auto running = start_collector();
  EXPECT_EQ(command({"inspect"}).end.code, 4);
  const auto busy = verify();
  EXPECT_EQ(busy.end.code, 4);
  EXPECT_THAT(busy.output, HasSubstr("is in use by process"));
  EXPECT_TRUE(running->ready());
}

}  // namespace
}  // namespace ebc::broker_test
