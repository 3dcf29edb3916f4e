#include "state/store_check.h"

#include <gmock/gmock.h>

#include "state/memory_store.h"
#include "tests/state/store_language.h"

namespace ebc::state {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using Kind = StoreCheck::Kind;

// The changelog form of a value.
std::string logged(const std::string& value) { return "\x01" + value; }

auto difference(Kind kind, const std::string& key) {
  return AllOf(Field(&StoreCheck::Difference::kind, kind), Field(&StoreCheck::Difference::key, key));
}

class ComparedWithTheChangelog : public testing::Test {
 protected:
  // Three keys, one of them erased again, up to offset 5.
  void read_log() {
    EXPECT_THAT(check.add(0, "a", logged("old")), IsOk());
    EXPECT_THAT(check.add(1, "a", logged("1")), IsOk());
    EXPECT_THAT(check.add(2, "b", logged("2")), IsOk());
    EXPECT_THAT(check.add(3, "c", logged("3")), IsOk());
    EXPECT_THAT(check.add(4, "c", std::nullopt), IsOk());
  }
  StoreCheck::Report compared() {
    auto report = check.compare(store);
    EXPECT_THAT(report.status(), IsOk());
    return *report;
  }

  MemoryStore store;
  StoreCheck check{5};
};

TEST_F(ComparedWithTheChangelog, AStoreThatHoldsWhatTheLogSaysIsEqual) {
  read_log();
  EXPECT_THAT(apply(store, {{"a", "1"}, {"b", "2"}}, 5), IsOk());
  const auto report = compared();
  EXPECT_EQ(report.equal, 2u);
  EXPECT_EQ(report.different, 0u);
}

TEST_F(ComparedWithTheChangelog, RowsOfTheStoreAloneAreNotMissedInTheLog) {
  read_log();
  EXPECT_THAT(apply(store, {{"\x02", "restored since"}, {"a", "1"}, {"b", "2"}}, 5), IsOk());
  EXPECT_EQ(compared().different, 0u);
}

TEST_F(ComparedWithTheChangelog, EachKindOfDifferenceIsNamedWithItsKey) {
  read_log();
  EXPECT_THAT(apply(store, {{"a", "wrong"}, {"c", "3"}, {"d", "4"}}, 5), IsOk());
  const auto report = compared();
  EXPECT_EQ(report.different, 4u);
  EXPECT_THAT(report.differences,
              testing::UnorderedElementsAre(difference(Kind::Differs, "a"), difference(Kind::Missing, "b"),
                                            difference(Kind::Surplus, "c"), difference(Kind::Surplus, "d")));
}

TEST_F(ComparedWithTheChangelog, WhatWasWrittenAfterTheStoresPositionIsNotHeldAgainstIt) {
  // Compacted: the records that the store was made of are gone, their successors aren't in the store yet.
  EXPECT_THAT(check.add(2, "b", logged("2")), IsOk());
  EXPECT_THAT(check.add(7, "a", logged("later")), IsOk());
  EXPECT_THAT(check.add(8, "new", logged("later")), IsOk());
  EXPECT_THAT(apply(store, {{"a", "1"}, {"b", "2"}}, 5), IsOk());
  const auto report = compared();
  EXPECT_EQ(report.equal, 1u);
  EXPECT_EQ(report.newer, 2u);
  EXPECT_THAT(report.differences, IsEmpty());
}

TEST_F(ComparedWithTheChangelog, ARecordOfAnotherFormatIsAnError) {
  EXPECT_EQ(check.add(0, "a", "\x7fvalue").verdict() == Verdict::Ok, false);
}

}  // namespace
}  // namespace ebc::state
