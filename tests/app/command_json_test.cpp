#include "app/command_json.h"

#include <gmock/gmock.h>

namespace ebc::app {
namespace {

using testing::HasSubstr;

CreateCommand group_of(std::vector<std::string> expected) {
  CreateCommand command;
  command.group = "g";
  command.expected = std::move(expected);
  return command;
}

std::string fault_of(const CreateCommand& command) { return create_json(command).status().message(); }

TEST(CommandJson, BuildsACreate) {
  auto command = group_of({"a", "b"});
  EXPECT_EQ(create_json(command).value(), R"({"id":"g","type":"EventGroupCollectorCreate","expected":["a","b"]})");
  command.ttl = "1.50";
  command.policy = "quorum:2";
  command.payload = R"({"n":1e400})";
  EXPECT_EQ(
      create_json(command).value(),
      R"({"id":"g","type":"EventGroupCollectorCreate","expected":["a","b"],"ttl":1.50,"policy":{"quorum":2},"payload":{"n":1e400}})");
}

TEST(CommandJson, BuildsResultsAndErrors) {
  EXPECT_EQ(done_json("g", "e", "").value(),
            R"({"id":"e","type":"EventGroupCollectorEntityDone","group":"g","result":null})");
  EXPECT_EQ(done_json("g", "e", R"([1, "x"])").value(),
            R"({"id":"e","type":"EventGroupCollectorEntityDone","group":"g","result":[1, "x"]})");
  EXPECT_EQ(fail_json("g", "e", "no \"space\"\n"),
            R"({"id":"e","type":"EventGroupCollectorEntityDone","group":"g","error":"no \"space\"\u000a"})");
}

TEST(CommandJson, EscapesWhatCouldBreakOutOfAString) {
  EXPECT_EQ(json_string("a\"b\\c\x01\x7f"), R"("a\"b\\c\u0001\u007f")");
  EXPECT_EQ(json_string(std::string_view("a\0b", 3)), R"("a\u0000b")");
  EXPECT_EQ(json_string("gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80"), "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x98\x80\"");
}

TEST(CommandJson, ReplacesInvalidUtf8) {
  for (const std::string_view bad : {"\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xE2\x82", "\xF5\x80\x80\x80"}) {
    const auto text = json_string(bad);
    EXPECT_TRUE(check_json(text).ok()) << text;
    EXPECT_THAT(text, HasSubstr("\xEF\xBF\xBD"));
  }
}

TEST(CommandJson, RefusesWhatIsNoJson) {
  for (const auto text : {"", "{", "[1,]", "{\"a\":tru}", "01", "1 2", "'a'", "abc"}) {
    EXPECT_FALSE(check_json(text).ok()) << text;
  }
  EXPECT_THAT(done_json("g", "e", "oops").status().message(), HasSubstr("--result"));
  auto command = group_of({"a"});
  command.payload = "{";
  EXPECT_THAT(fault_of(command), HasSubstr("--payload"));
}

TEST(CommandJson, RefusesImpossibleTtlsAndPolicies) {
  for (const auto ttl : {"0", "-1", "30s", "\"3\"", "01", "null"}) {
    auto command = group_of({"a"});
    command.ttl = ttl;
    EXPECT_THAT(fault_of(command), HasSubstr("--ttl")) << ttl;
  }
  for (const auto policy : {"some", "quorum", "quorum:", "quorum:-1", "{"}) {
    auto command = group_of({"a"});
    command.policy = policy;
    EXPECT_THAT(fault_of(command), HasSubstr("--policy")) << policy;
  }
}

TEST(EventSummary, ReadsAnOutcomeWithNumbersThatNoDoubleHolds) {
  const auto event =
      summarize_event(R"({"type":"EventGroupCollectorFailure","id":"g\u0041","error":{"n": 1e400},"cause":"error"})");
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->is_outcome());
  EXPECT_FALSE(event->is_success());
  EXPECT_EQ(event->id, "gA");
  EXPECT_EQ(event->error, R"({"n":1e400})");
}

TEST(EventSummary, IsNoneForAnythingElse) {
  for (const auto text : {"", "x", "[]", "{}", R"({"type":5})", R"({"type":"a"} b)", "{\"type\":\"\xFF\"}"}) {
    EXPECT_FALSE(summarize_event(text).has_value()) << text;
  }
}

TEST(OneLine, KeepsTheBytesOfTokens) {
  EXPECT_EQ(one_line("{ \"a\" :\n [ 1e400 , \"x  y\" ] }"), R"({"a":[1e400,"x  y"]})");
}

TEST(CommandJson, MakesAnUpdateOfWhatIsGiven) {
  EXPECT_EQ(update_json({"g", {"a", "b\""}, "1.5", true}).value(),
            R"({"type":"EventGroupCollectorUpdate","group":"g","add":["a","b\""],"ttl":1.5,"seal":true})");
  EXPECT_EQ(update_json({"g", {}, "", true}).value(),
            R"({"type":"EventGroupCollectorUpdate","group":"g","seal":true})");
  EXPECT_THAT(update_json({"g", {}, "", false}).status().message(), testing::HasSubstr("--add, --ttl or --seal"));
  EXPECT_THAT(update_json({"g", {}, "soon", false}).status().message(), testing::HasSubstr("--ttl"));
}

TEST(CommandJson, MakesACancelWithOrWithoutAReason) {
  EXPECT_EQ(cancel_json("g", ""), R"({"type":"EventGroupCollectorCancel","group":"g"})");
  EXPECT_EQ(cancel_json("g", "no \"more\""),
            R"({"type":"EventGroupCollectorCancel","group":"g","reason":"no \"more\""})");
}

}  // namespace
}  // namespace ebc::app
