#include "app/http/target.h"

#include <gmock/gmock.h>

namespace ebc::app {
namespace {

using testing::ElementsAre;

TEST(Target, IsSplitBeforeItIsDecoded) {
  EXPECT_THAT(parse_target("/v1/groups/a%2Fb/outcome?wait=1s")->path, ElementsAre("v1", "groups", "a/b", "outcome"));
  EXPECT_THAT(parse_target("/")->path, ElementsAre(""));
  EXPECT_THAT(parse_target("/a//b/")->path, ElementsAre("a", "", "b", ""));
  EXPECT_THAT(parse_target("/a/../b")->path, ElementsAre("a", "..", "b"));
  EXPECT_THAT(parse_target("/a+b%00")->path, ElementsAre(std::string("a+b\0", 4)));
}

TEST(Target, HasAQuery) {
  const auto target = parse_target("/x?label=team%3Aa%26b&limit=10&flag&empty=&limit=20&q=a+b");
  EXPECT_EQ(target->parameter("label"), "team:a&b");
  EXPECT_EQ(target->parameter("limit"), "20");
  EXPECT_EQ(target->parameter("flag"), "");
  EXPECT_EQ(target->parameter("q"), "a b");
  EXPECT_EQ(target->parameter("absent"), "");
}

TEST(Target, RefusesWhatIsNoPathOrWrongInItsPercents) {
  for (const auto text : {"", "x", "http://x/y", "/%", "/%4", "/%zz", "/a?%", "*"})
    EXPECT_FALSE(parse_target(text)) << text;
}

TEST(PercentEncoding, IsUndoneByTheTarget) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_THAT(parse_target("/" + percent_encode(all))->path, ElementsAre(all));
}

TEST(Hex, IsUndone) {
  const std::string bytes("\0\xFFz", 3);
  EXPECT_EQ(to_hex(bytes), "00FF7A");
  EXPECT_EQ(from_hex("00ff7A"), bytes);
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace ebc::app
