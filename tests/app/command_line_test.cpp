#include "app/options/command_line.h"

#include <gmock/gmock.h>

namespace ebc::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(CommandLine, ReadsFlagsAliasesAndWords) {
  const auto line =
      read_command_line({"create", "g1", "--expected", "a,b", "--expected=c", "--event-topic", "t", "--wait"});
  EXPECT_THAT(line.faults, IsEmpty());
  ASSERT_NE(line.command, nullptr);
  EXPECT_EQ(line.command->scope, kCreate);
  EXPECT_THAT(line.positionals, ElementsAre("g1"));
  EXPECT_THAT(line.flags.at("expected"), ElementsAre("a,b", "c"));
  EXPECT_THAT(line.flags.at("topic"), ElementsAre("t"));
  EXPECT_THAT(line.flags.at("wait"), ElementsAre("true"));
}

TEST(CommandLine, LeavesValuesAsTheyAre) {
  const auto line = read_command_line({"done", "g", "e", "--result", "[1, {\"a\":[]}]"});
  EXPECT_THAT(line.flags.at("result"), ElementsAre("[1, {\"a\":[]}]"));
}

TEST(CommandLine, TakesTheLastOfARepeatedFlag) {
  EXPECT_EQ(read_command_line({"run", "--topic", "a", "--topic", "b"}).flags.at("topic").back(), "b");
}

TEST(CommandLine, TakesAGroupForAGroupWhateverItsName) {
  const auto line = read_command_line({"done", "run", "watch"});
  EXPECT_THAT(line.faults, IsEmpty());
  EXPECT_THAT(line.positionals, ElementsAre("run", "watch"));
}

TEST(CommandLine, NamesUnknownFlagsAllAtOnceAndTheNearestKnown) {
  const auto line = read_command_line({"run", "--max-tl", "1d", "--port", "1", "--zzzzzzzzzz"});
  EXPECT_THAT(line.faults, ElementsAre(HasSubstr("--max-ttl"), AllOf(HasSubstr("--port"), HasSubstr("run has no such")),
                                       HasSubstr("--zzzzzzzzzz")));
}

TEST(CommandLine, NamesMissingAndSurplusWords) {
  EXPECT_THAT(read_command_line({"done", "g"}).faults, ElementsAre(HasSubstr("ENTITY is missing")));
  EXPECT_THAT(read_command_line({"run", "now"}).faults, ElementsAre(HasSubstr("now")));
  EXPECT_THAT(read_command_line({"start"}).faults, ElementsAre(HasSubstr("start: no such command")));
  EXPECT_THAT(read_command_line({}).faults, ElementsAre(HasSubstr("no command given")));
}

TEST(CommandLine, NamesAFlagWithoutItsValue) {
  EXPECT_THAT(read_command_line({"run", "--topic"}).faults, ElementsAre(HasSubstr("--topic")));
}

TEST(CommandLine, ShowsHelpWhereItIsAsked) {
  EXPECT_TRUE(read_command_line({"--help"}).help);
  const auto line = read_command_line({"done", "--help"});
  EXPECT_TRUE(line.help);
  EXPECT_THAT(line.faults, IsEmpty());
  EXPECT_EQ(line.command->name, "done");
  EXPECT_TRUE(read_command_line({"--version"}).version);
}

TEST(Help, ListsCommandsAnExampleAndExitCodes) {
  const auto page = render_help(nullptr);
  for (const auto& command : command_table()) EXPECT_THAT(page, HasSubstr(std::string(command.summary)));
  EXPECT_THAT(page, AllOf(HasSubstr("Example"), HasSubstr("Exit codes")));
}

TEST(Help, ShowsEveryOptionOfACommandWithItsDefault) {
  for (const auto& command : command_table()) {
    const auto page = render_help(&command);
    for (const auto& option : option_table()) {
      const auto shown = option.secret ? environment_name(option.name) : "  --" + std::string(option.name);
      if ((option.scope & command.scope) == 0) continue;
      EXPECT_THAT(page, HasSubstr(shown)) << command.name;
      const auto shown_default = option.default_text.empty() ? "" : "[" + std::string(option.default_text) + "]";
      EXPECT_THAT(page, HasSubstr(shown_default));
    }
  }
}

TEST(Help, OffersNoSecretAsAFlag) { EXPECT_THAT(render_help(&command_table()[0]), Not(HasSubstr("--http-token "))); }

}  // namespace
}  // namespace ebc::app
