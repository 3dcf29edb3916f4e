// What every CommittedStore owes its users, whatever it is made of.
#include <thread>

#include "state/memory_store.h"
#include "state/rocks_database.h"
#include "tests/state/store_language.h"
#include "tests/state/temp_folder.h"

namespace ebc::state {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

struct InMemory {
  CommittedStore& store() { return store_; }
  MemoryStore store_;
};

struct OnRocks {
  OnRocks() {
    auto opened = RocksDatabase::open(folder_.path() / "db", {});
    EXPECT_THAT(opened.status(), IsOk());
    database_ = std::move(*opened);
    store_ = *database_->open_home(3);
    // A neighbour whose rows must never show.
    EXPECT_THAT(apply(**database_->open_home(4), {{"b", "of home 4"}}, 99), IsOk());
  }
  CommittedStore& store() { return *store_; }
  TempFolder folder_;
  std::unique_ptr<RocksDatabase> database_;
  std::shared_ptr<CommittedStore> store_;
};

/// As OnRocks, with every write read back from a file.
struct OnFlushedRocks : OnRocks {
  CommittedStore& store() {
    EXPECT_THAT(database_->flush(true), IsOk());
    return *store_;
  }
};

template <typename Backend>
class StoreContract : public testing::Test {
 protected:
  CommittedStore& store() { return backend_.store(); }
  Backend backend_;
};

using Backends = testing::Types<InMemory, OnRocks, OnFlushedRocks>;
TYPED_TEST_SUITE(StoreContract, Backends);

TYPED_TEST(StoreContract, IsEmptyAndWithoutPositionAtFirst) {
  EXPECT_EQ(value_of(this->store(), "a"), "(absent)");
  EXPECT_THAT(rows_of(this->store()), IsEmpty());
  EXPECT_EQ(position_of(this->store()), std::nullopt);
}

TYPED_TEST(StoreContract, AppliesWritesInTheirOrderWithThePosition) {
  EXPECT_THAT(apply(this->store(), {{"a", "1"}, {"b", ""}, {"a", "2"}, {"c", "1"}, {"c", std::nullopt}}, 7), IsOk());
  EXPECT_THAT(rows_of(this->store()), ElementsAre(Pair("a", "2"), Pair("b", "")));
  EXPECT_EQ(value_of(this->store(), "b"), "");
  EXPECT_EQ(position_of(this->store()), 7);
}

TYPED_TEST(StoreContract, MovesThePositionWithoutWrites) {
  EXPECT_THAT(apply(this->store(), {}, 0), IsOk());
  EXPECT_EQ(position_of(this->store()), 0);
  EXPECT_THAT(apply(this->store(), {}, (1LL << 40) + 3), IsOk());
  EXPECT_EQ(position_of(this->store()), (1LL << 40) + 3);
}

TYPED_TEST(StoreContract, ErasesAbsentKeysWithoutError) {
  EXPECT_THAT(apply(this->store(), {{"a", std::nullopt}}, 1), IsOk());
  EXPECT_THAT(rows_of(this->store()), IsEmpty());
}

TYPED_TEST(StoreContract, OrdersKeysByTheirBytes) {
  EXPECT_THAT(apply(this->store(), {{"b", ""}, {"\xff", ""}, {"a\0"s, ""}, {"a", ""}, {"a\0b"s, ""}, {"\x01", ""}}, 1),
              IsOk());
  EXPECT_THAT(rows_of(this->store()), ElementsAre(Pair("\x01", ""), Pair("a", ""), Pair("a\0"s, ""), Pair("a\0b"s, ""),
                                                  Pair("b", ""), Pair("\xff", "")));
}

TYPED_TEST(StoreContract, ScansFromIncludedUntilExcluded) {
  EXPECT_THAT(apply(this->store(), {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}, 1), IsOk());
  EXPECT_THAT(rows_of(this->store(), "b", "d"), ElementsAre(Pair("b", "2"), Pair("c", "3")));
  EXPECT_THAT(rows_of(this->store(), "bb", ""), ElementsAre(Pair("c", "3"), Pair("d", "4")));
  EXPECT_THAT(rows_of(this->store(), "", "b"), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(rows_of(this->store(), "d", "b"), IsEmpty());
}

TYPED_TEST(StoreContract, StopsAScanWhenTheVisitorHasEnough) {
  EXPECT_THAT(apply(this->store(), {{"a", "1"}, {"b", "2"}, {"c", "3"}}, 1), IsOk());
  int visited = 0;
  EXPECT_THAT(this->store().scan("", "", [&](auto, auto) { return ++visited < 2; }), IsOk());
  EXPECT_EQ(visited, 2);
}

TYPED_TEST(StoreContract, ShowsAScanTheStateOfItsBeginning) {
  EXPECT_THAT(apply(this->store(), {{"a", "1"}, {"c", "1"}}, 1), IsOk());
  Pairs seen;
  EXPECT_THAT(this->store().scan("", "",
                                 [&](std::string_view key, std::string_view value) {
                                   EXPECT_THAT(apply(this->store(), {{"b", "2"}, {"c", std::nullopt}}, 2), IsOk());
                                   seen.emplace_back(key, value);
                                   return true;
                                 }),
              IsOk());
  EXPECT_THAT(seen, ElementsAre(Pair("a", "1"), Pair("c", "1")));
  EXPECT_THAT(rows_of(this->store()), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TYPED_TEST(StoreContract, RefusesKeysOfItsOwnAndWritesNothing) {
  EXPECT_THAT(apply(this->store(), {{"a", "1"}, {"\0"s, "x"}}, 1), Fails(Verdict::Fatal, "byte 0"));
  EXPECT_THAT(apply(this->store(), {{"a", "1"}, {"", "x"}}, 1), Fails(Verdict::Fatal, "empty key"));
  EXPECT_THAT(rows_of(this->store()), IsEmpty());
  EXPECT_EQ(position_of(this->store()), std::nullopt);
}

TYPED_TEST(StoreContract, HidesItsOwnKeys) {
  EXPECT_THAT(apply(this->store(), {{"a", "1"}}, 1), IsOk());
  EXPECT_EQ(rows_of(this->store()).size(), 1u);
  EXPECT_THAT(rows_of(this->store(), "\0"s, "\x01"), IsEmpty());
  for (const std::string& key : {""s, "\0"s, "\0position"s}) EXPECT_EQ(value_of(this->store(), key), "(absent)");
}

TYPED_TEST(StoreContract, ForgetsEverythingWhenCleared) {
  EXPECT_THAT(apply(this->store(), {{"a", "1"}}, 5), IsOk());
  EXPECT_THAT(this->store().clear(), IsOk());
  EXPECT_THAT(rows_of(this->store()), IsEmpty());
  EXPECT_EQ(position_of(this->store()), std::nullopt);
  EXPECT_THAT(apply(this->store(), {{"b", "1"}}, 1), IsOk());
  EXPECT_THAT(rows_of(this->store()), ElementsAre(Pair("b", "1")));
}

TYPED_TEST(StoreContract, HoldsLargeKeysAndValues) {
  const std::string key(65'536, 'k'), value(4'000'000, 'v');
  EXPECT_THAT(apply(this->store(), {{key, value}}, 1), IsOk());
  EXPECT_EQ(value_of(this->store(), key), value);
}

// Each batch gives all rows the same value: a reader who sees two values in one scan saw half a batch.
TYPED_TEST(StoreContract, ShowsReadersOnOtherThreadsWholeBatchesOnly) {
  constexpr int kBatches = 300;
  EXPECT_THAT(apply(this->store(), {{"a", "0"}, {"b", "0"}, {"c", "0"}}, 0), IsOk());
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const Pairs rows = rows_of(this->store());
      ASSERT_EQ(rows.size(), 3u);
      EXPECT_EQ(rows[0].second, rows[1].second);
      EXPECT_EQ(rows[0].second, rows[2].second);
      EXPECT_NE(value_of(this->store(), "b"), "(absent)");
      EXPECT_NE(position_of(this->store()), std::nullopt);
    }
  });
  for (int batch = 1; batch <= kBatches; ++batch) {
    const std::string value = std::to_string(batch);
    EXPECT_THAT(apply(this->store(), {{"a", value}, {"b", value}, {"c", value}}, batch), IsOk());
  }
  done = true;
  reader.join();
}

TEST(MemoryStore, FailsTheNextApplyOnDemand) {
  MemoryStore store;
  store.fail_next_apply({Verdict::TaskCorrupted, "made up"});
  EXPECT_THAT(apply(store, {{"a", "1"}}, 1), Fails(Verdict::TaskCorrupted, "made up"));
  EXPECT_THAT(rows_of(store), IsEmpty());
  EXPECT_THAT(apply(store, {{"a", "1"}}, 1), IsOk());
}

}  // namespace
}  // namespace ebc::state
