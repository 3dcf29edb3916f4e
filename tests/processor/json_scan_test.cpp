#include "processor/group/json_scan.h"

#include <gtest/gtest.h>

namespace ebc::group {
namespace {

JsonFault fault_of(std::string_view text, int depth = 128) {
  JsonScanner scanner{text, depth};
  JsonValue value;
  return scanner.whole(value) ? JsonFault::None : scanner.fault();
}

class ValidJson : public testing::TestWithParam<std::string_view> {};
TEST_P(ValidJson, IsAcceptedAndHandedOutAsItStands) {
  JsonScanner scanner{GetParam(), 128};
  JsonValue value;
  ASSERT_TRUE(scanner.whole(value)) << GetParam();
  std::string_view trimmed = GetParam();
  while (trimmed.front() == ' ') trimmed.remove_prefix(1);
  while (trimmed.back() == ' ') trimmed.remove_suffix(1);
  EXPECT_EQ(value.text, trimmed);
}
INSTANTIATE_TEST_SUITE_P(JsonScan, ValidJson,
                         testing::Values("null", "true", "false", "0", "-0", "1e400", "12345678901234567890",
                                         "1.50E+07", R"("")", R"("\"\\\/\b\f\n\r\t\u00e9\ud800")", "[]", "{}", "[ ]",
                                         "{ }", R"([1,[2,{"a":[]}],"x"])", R"({"a":1,"a":2})", " 7 ",
                                         R"("a string that is longer than one word of eight bytes")"));

class InvalidJson : public testing::TestWithParam<std::string_view> {};
TEST_P(InvalidJson, IsRefused) { EXPECT_EQ(fault_of(GetParam()), JsonFault::Malformed) << GetParam(); }
INSTANTIATE_TEST_SUITE_P(JsonScan, InvalidJson,
                         testing::Values("", " ", "tru", "nul", "01", "-", "1.", ".5", "1e", "+1", "1 2", "{} {}", "[1",
                                         "[1,]", "[1 2]", "{", R"({"a":1)", R"({"a":1,})", R"({"a" 1})",
                                         R"({"a":1 "b":2})", "{a:1}", R"({1:2})", "[}", "{]", R"([{"a":1]])", R"("abc)",
                                         R"("\x")", R"("\u12g4")", R"("\u12)", R"("\)", "\"\n\"", "\"tab\there\"",
                                         "\"control\x01\"", "\xEF\xBB\xBF{}", "Infinity", "NaN", "'a'", "[,1]"));

TEST(JsonScan, CountsEveryOpenBracket) {
  EXPECT_EQ(fault_of("[[[]]]", 3), JsonFault::None);
  EXPECT_EQ(fault_of("[[[]]]", 2), JsonFault::TooDeep);
  EXPECT_EQ(fault_of(R"([{"a":1},{"a":2},[],[]])", 2), JsonFault::None);
  EXPECT_EQ(fault_of(std::string(100'000, '['), 128), JsonFault::TooDeep);
}

TEST(JsonScan, LetsTheOutermostBracketCountForTheDepth) {
  JsonScanner scanner{R"({"a":{"b":1}})", 1};
  JsonValue key;
  JsonValue value;
  ASSERT_TRUE(scanner.begin_object());
  EXPECT_FALSE(scanner.next_member(key, value));
  EXPECT_EQ(scanner.fault(), JsonFault::TooDeep);
}

std::string unescaped(std::string_view inside) {
  std::string out;
  return append_unescaped(inside, out) ? out : "(half a surrogate pair)";
}

TEST(JsonScan, UnescapesStrings) {
  EXPECT_EQ(unescaped(R"(a\"b\\c\/d\n)"), "a\"b\\c/d\n");
  EXPECT_EQ(unescaped(R"(\u0041\u00e9\u20ac\ud83d\ude00)"), "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(unescaped(R"(a\u0000b)"), std::string("a\0b", 3));
  for (const std::string_view half : {R"(\ud800)", R"(\ud800x)", R"(\udc00)", R"(\ud800\u0041)", R"(\ud800\n12345)"}) {
    EXPECT_EQ(unescaped(half), "(half a surrogate pair)") << half;
  }
}

TEST(JsonScan, QuotesWhatMustBeQuoted) {
  const std::string text("a\"b\\c\n\x01\0\x7F\xC3\xA9", 11);
  std::string out;
  append_quoted(text, out);
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\u0001\\u0000\x7F\xC3\xA9\"");
  EXPECT_EQ(quoted_size(text), out.size());
  EXPECT_EQ(unescaped(out.substr(1, out.size() - 2)), text);
}

}  // namespace
}  // namespace ebc::group
