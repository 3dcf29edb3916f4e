#include "app/options/resolve.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/app/temporary_file.h"

namespace ebc::app {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Resolve : public testing::Test {
 protected:
  ResolvedOptions run(const GivenFlags& flags, const Environment& environment = {}) {
    return resolve_options(kRun, flags, environment, faults_);
  }
  Faults faults_;
};

TEST_F(Resolve, PrefersFlagToEnvironmentToFileToDefault) {
  const TemporaryFile file("topic = \"of-file\"\n");
  const Environment environment{{"EB_COLLECTOR_TOPIC", "of-environment"}};
  EXPECT_EQ(run({}).text("topic"), "eventbus-collector");
  EXPECT_EQ(run({{"config", {file.path()}}}).text("topic"), "of-file");
  EXPECT_EQ(run({{"config", {file.path()}}}, environment).text("topic"), "of-environment");
  EXPECT_EQ(run({{"config", {file.path()}}, {"topic", {"of-flag"}}}, environment).text("topic"), "of-flag");
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(Resolve, TakesTheFileFromTheEnvironmentToo) {
  const TemporaryFile file("threads = 3\nmax_ttl = \"1d\"\nhttp-insecure = true\n");
  const auto options = run({}, {{"EB_COLLECTOR_CONFIG", file.path()}});
  EXPECT_EQ(options.integer("threads"), 3);
  EXPECT_EQ(options.duration("max-ttl"), std::chrono::hours(24));
  EXPECT_TRUE(options.on("http-insecure"));
  EXPECT_THAT(faults_, IsEmpty());
}

TEST_F(Resolve, KnowsTheOldNamesOfVariables) {
  const auto options = run({}, {{"COLLECTOR_BROKERLIST", "old:9092"}, {"COLLECTOR_EVENT_TOPIC", "old-topic"}});
  EXPECT_EQ(options.text("brokers"), "old:9092");
  EXPECT_EQ(options.text("topic"), "old-topic");
  EXPECT_EQ(run({}, {{"COLLECTOR_BROKERLIST", "old:9092"}, {"EB_COLLECTOR_BROKERS", "new:9092"}}).text("brokers"),
            "new:9092");
}

TEST_F(Resolve, TakesAnEmptyVariableForNone) {
  EXPECT_EQ(run({}, {{"EB_COLLECTOR_TOPIC", ""}}).text("topic"), "eventbus-collector");
}

TEST_F(Resolve, NamesAllFaultsAtOnceByWhereTheyCameFrom) {
  const TemporaryFile file("guarantee = \"twice\"\nno-such-key = 1\n");
  run({{"config", {file.path()}}, {"threads", {"0"}}, {"max-ttl", {"soon"}}}, {{"EB_COLLECTOR_LATE", "maybe"}});
  EXPECT_THAT(faults_, SizeIs(5));
  EXPECT_THAT(faults_, Contains(AllOf(HasSubstr("--threads"), HasSubstr("between 1 and 256"))));
  EXPECT_THAT(faults_, Contains(HasSubstr("--max-ttl")));
  EXPECT_THAT(faults_, Contains(AllOf(HasSubstr("EB_COLLECTOR_LATE"), HasSubstr("count, dead-letter"))));
  EXPECT_THAT(faults_, Contains(AllOf(HasSubstr("guarantee in " + file.path()), HasSubstr("exactly-once"))));
  EXPECT_THAT(faults_, Contains(HasSubstr("no-such-key")));
}

TEST_F(Resolve, NamesTheLineOfASyntaxErrorAndAMissingFile) {
  const TemporaryFile file("topic = \"a\"\nthreads = = 2\n");
  run({{"config", {file.path()}}});
  run({{"config", {"/no/such/file.toml"}}});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("line 2"), HasSubstr("/no/such/file.toml")));
}

TEST_F(Resolve, TakesSecretsFromTheEnvironmentOnly) {
  EXPECT_EQ(run({}, {{"EB_COLLECTOR_HTTP_TOKEN", "t0p"}}).text("http-token"), "t0p");
  EXPECT_THAT(faults_, IsEmpty());
  const TemporaryFile file("http-token = \"t0p\"\n");
  run({{"config", {file.path()}}, {"http-token", {"t0p"}}});
  EXPECT_THAT(faults_, SizeIs(2));
  for (const auto& fault : faults_) {
    EXPECT_THAT(fault,
                AllOf(HasSubstr("EB_COLLECTOR_HTTP_TOKEN"), HasSubstr("--http-token-file"), Not(HasSubstr("t0p"))));
  }
}

TEST_F(Resolve, JoinsListsOfFlagsAndFiles) {
  const TemporaryFile file("carry-headers = [\"a\", \"b\"]\n");
  EXPECT_THAT(run({{"config", {file.path()}}}).list("carry-headers"), ElementsAre("a", "b"));
  EXPECT_THAT(run({{"carry-headers", {"a,b", "c"}}}).list("carry-headers"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(run({}).list("carry-headers"), ElementsAre("traceparent", "tracestate", "kafka_correlationId"));
}

TEST_F(Resolve, TakesATimeOrAWordForFrom) {
  for (const auto text : {"earliest", "latest", "2026-07-17T23:38:21Z"}) run({{"from", {text}}});
  EXPECT_THAT(faults_, IsEmpty());
  run({{"from", {"noon"}}});
  EXPECT_THAT(faults_, ElementsAre(HasSubstr("noon")));
}

TEST(OptionTable, HasDefaultsThatPassTheirOwnChecks) {
  for (const auto& option : option_table()) {
    if (option.default_text.empty()) continue;
    EXPECT_EQ(check_value(option, option.default_text), "") << option.name;
  }
}

TEST(OptionTable, NamesEveryOptionOnceAndDescribesIt) {
  std::set<std::string_view> names;
  for (const auto& option : option_table()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    for (const auto alias : option.flag_aliases) EXPECT_TRUE(names.insert(alias).second) << alias;
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_EQ(option.secret, !option.instead.empty()) << option.name;
  }
}

}  // namespace
}  // namespace ebc::app
