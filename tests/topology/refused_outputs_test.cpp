#include "topology/refused_outputs.h"

#include <gtest/gtest.h>

namespace ebc::topology {
namespace {

using std::chrono::seconds;

TEST(RefusedOutputs, AreBelievedForAWhile) {
  RefusedOutputs refused;
  const RefusedOutputs::Time start{};
  refused.refuse("gone", 0, start);
  EXPECT_TRUE(refused.refuses("gone", 0, start + seconds(29)));
  EXPECT_FALSE(refused.refuses("other", 0, start));
  EXPECT_FALSE(refused.refuses("gone", 0, start + seconds(30))) << "the topic may have been made since";
}

TEST(RefusedOutputs, KnowFromWhichSizeOn) {
  RefusedOutputs refused;
  const RefusedOutputs::Time start{};
  refused.refuse("small", 1'000, start);
  refused.refuse("small", 2'000, start);
  EXPECT_FALSE(refused.refuses("small", 999, start));
  EXPECT_TRUE(refused.refuses("small", 1'000, start));
}

TEST(RefusedOutputs, AreBounded) {
  RefusedOutputs refused;
  const RefusedOutputs::Time start{};
  for (int i = 0; i < 5'000; ++i) refused.refuse("topic-" + std::to_string(i), 0, start);
  int known = 0;
  for (int i = 0; i < 5'000; ++i) known += refused.refuses("topic-" + std::to_string(i), 0, start) ? 1 : 0;
  EXPECT_GT(known, 0);
  EXPECT_LE(known, 1'000);
}

TEST(RefusedOutputs, SuspectsAreLetGoWhenItWasntThem) {
  RefusedOutputs refused;
  const RefusedOutputs::Time start{};
  refused.suspect({"a", "b"}, start);
  EXPECT_TRUE(refused.refuses("a", 0, start));
  refused.acquit_suspects();
  EXPECT_FALSE(refused.refuses("a", 0, start));

  refused.suspect({"a"}, start);
  refused.convict_suspects();
  refused.acquit_suspects();
  EXPECT_TRUE(refused.refuses("a", 0, start)) << "what was found guilty stays so for its half minute";
}

}  // namespace
}  // namespace ebc::topology
