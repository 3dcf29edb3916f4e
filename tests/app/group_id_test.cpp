#include "app/group_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace ebc::app {
namespace {

using ::testing::MatchesRegex;

TEST(GroupId, IsARandomUuidInItsUsualSpelling) {
  std::set<char> variants;
  for (int i = 0; i < 200; ++i) {
    const std::string id = make_group_id();
    EXPECT_THAT(id, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    variants.insert(id[19]);
  }
  EXPECT_EQ(variants, (std::set<char>{'8', '9', 'a', 'b'})) << "the two bits beside the variant are random, too";
}

TEST(GroupId, IsAnotherOneEachTime) {
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.insert(make_group_id());
  EXPECT_EQ(ids.size(), 1'000u);
}

}  // namespace
}  // namespace ebc::app
