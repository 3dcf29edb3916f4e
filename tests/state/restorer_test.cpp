#include "state/restorer.h"

#include "state/changelog_codec.h"
#include "state/memory_store.h"
#include "tests/state/store_language.h"

namespace ebc::state {
namespace {

using testing::ElementsAre;
using testing::Pair;

class RestorerTest : public testing::Test {
 protected:
  Restorer begin(Restorer::Limits limits = {}) {
    Result<Restorer> restorer = Restorer::begin(store_, limits);
    EXPECT_THAT(restorer.status(), IsOk());
    return *restorer;
  }

  static Status add(Restorer& restorer, Offset offset, std::string_view key, std::optional<std::string_view> value) {
    std::string scratch;
    const ChangelogRecord record = encode_changelog({key, value}, scratch);
    return restorer.add(offset, record.key, record.value);
  }

  MemoryStore store_;
};

TEST_F(RestorerTest, FoldsTheChangelogIntoAnEmptyStore) {
  Restorer restorer = begin();
  EXPECT_EQ(restorer.offset_next(), 0);
  EXPECT_THAT(add(restorer, 0, "a", "1"), IsOk());
  EXPECT_THAT(add(restorer, 1, "b", "1"), IsOk());
  EXPECT_THAT(add(restorer, 4, "a", "2"), IsOk());
  EXPECT_THAT(add(restorer, 5, "b", std::nullopt), IsOk());
  EXPECT_THAT(add(restorer, 6, "c", ""), IsOk());
  EXPECT_THAT(restorer.finish(9), IsOk());

  EXPECT_THAT(rows_of(store_), ElementsAre(Pair("a", "2"), Pair("c", "")));
  EXPECT_EQ(position_of(store_), 9);
  EXPECT_EQ(restorer.records(), 5);
}

TEST_F(RestorerTest, GivesAnEmptyChangelogAPosition) {
  EXPECT_THAT(begin().finish(0), IsOk());
  EXPECT_EQ(position_of(store_), 0);
}

TEST_F(RestorerTest, IgnoresRecordsBelowThePosition) {
  ASSERT_THAT(apply(store_, {{"a", "new"}}, 10), IsOk());
  Restorer restorer = begin();
  EXPECT_EQ(restorer.offset_next(), 10);
  EXPECT_THAT(add(restorer, 9, "a", "old"), IsOk());
  EXPECT_THAT(add(restorer, 10, "b", "1"), IsOk());
  EXPECT_THAT(add(restorer, 10, "b", "delivered twice"), IsOk());
  EXPECT_THAT(restorer.finish(11), IsOk());
  EXPECT_THAT(rows_of(store_), ElementsAre(Pair("a", "new"), Pair("b", "1")));
  EXPECT_EQ(restorer.records(), 1);
}

TEST_F(RestorerTest, AppliesABatchWithItsOwnPositionWhenTheRowBoundIsReached) {
  Restorer restorer = begin({.rows = 2});
  EXPECT_THAT(add(restorer, 3, "a", "1"), IsOk());
  EXPECT_EQ(position_of(store_), std::nullopt);
  EXPECT_THAT(add(restorer, 7, "b", "1"), IsOk());
  EXPECT_EQ(position_of(store_), 8);
  EXPECT_THAT(add(restorer, 8, "c", "1"), IsOk());
  EXPECT_EQ(rows_of(store_).size(), 2u);
}

TEST_F(RestorerTest, AppliesABatchWhenTheByteBoundIsReached) {
  Restorer restorer = begin({.bytes = 100});
  EXPECT_THAT(add(restorer, 0, "a", std::string(50, 'x')), IsOk());
  EXPECT_EQ(position_of(store_), std::nullopt);
  EXPECT_THAT(add(restorer, 1, "b", std::string(50, 'x')), IsOk());
  EXPECT_EQ(position_of(store_), 2);
}

TEST_F(RestorerTest, FollowsOnAfterAFinish) {
  Restorer restorer = begin();
  EXPECT_THAT(add(restorer, 0, "a", "1"), IsOk());
  EXPECT_THAT(restorer.finish(2), IsOk());
  EXPECT_THAT(add(restorer, 2, "a", "2"), IsOk());
  EXPECT_THAT(restorer.finish(4), IsOk());
  EXPECT_EQ(value_of(store_, "a"), "2");
  EXPECT_EQ(position_of(store_), 4);
}

TEST_F(RestorerTest, RefusesAChangelogThatEndsBeforeTheStore) {
  ASSERT_THAT(apply(store_, {{"a", "1"}}, 10), IsOk());
  EXPECT_THAT(begin().finish(9), Fails(Verdict::TaskCorrupted, "offset 10, but the changelog ends at 9"));
}

TEST_F(RestorerTest, NamesTheOffsetOfARecordItCanNotRead) {
  Restorer restorer = begin();
  EXPECT_THAT(restorer.add(7, "a", "\x09"), Fails(Verdict::Fatal, "offset 7"));
  EXPECT_EQ(restorer.offset_next(), 0);
}

TEST_F(RestorerTest, LosesNothingWhenAFailedBatchIsTriedAgain) {
  Restorer restorer = begin({.rows = 1});
  store_.fail_next_apply({Verdict::Retry, "disk full"});
  EXPECT_THAT(add(restorer, 0, "a", "1"), Fails(Verdict::Retry, "disk full"));
  EXPECT_EQ(position_of(store_), std::nullopt);
  EXPECT_THAT(add(restorer, 0, "a", "1"), IsOk());
  EXPECT_EQ(value_of(store_, "a"), "1");
  EXPECT_EQ(position_of(store_), 1);
  EXPECT_EQ(restorer.records(), 1);
}

TEST_F(RestorerTest, PassesUpTheErrorOfTheLastBatch) {
  Restorer restorer = begin();
  EXPECT_THAT(add(restorer, 0, "a", "1"), IsOk());
  store_.fail_next_apply({Verdict::Fenced, "another owner"});
  EXPECT_THAT(restorer.finish(1), Fails(Verdict::Fenced));
}

}  // namespace
}  // namespace ebc::state
