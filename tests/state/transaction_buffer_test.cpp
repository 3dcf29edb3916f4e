#include "state/transaction_buffer.h"

#include <map>
#include <random>

#include "state/memory_store.h"
#include "tests/state/store_language.h"

namespace ebc::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class TransactionBufferTest : public testing::Test {
 protected:
  /// The net writes as a changelog would show them: an erased key's value is "-".
  Pairs net() {
    Pairs writes;
    EXPECT_THAT(buffer_.visit_writes([&](const Write& write) {
      writes.emplace_back(write.key, write.value.value_or("-"));
      return Status{};
    }),
                IsOk());
    return writes;
  }

  void commit() { ASSERT_THAT(buffer_.commit(++position_), IsOk()); }

  MemoryStore store_;
  TransactionBuffer buffer_{store_};
  Offset position_ = 0;
};

TEST_F(TransactionBufferTest, ReadsItsOwnWritesAndHidesThemFromTheStore) {
  ASSERT_THAT(apply(store_, {{"a", "1"}, {"b", "1"}}, 1), IsOk());
  buffer_.put("a", "2");
  buffer_.erase("b");
  buffer_.put_new("c", "1");
  EXPECT_EQ(value_of(buffer_, "a"), "2");
  EXPECT_EQ(value_of(buffer_, "b"), "(absent)");
  EXPECT_EQ(value_of(buffer_, "c"), "1");
  EXPECT_THAT(rows_of(store_), ElementsAre(Pair("a", "1"), Pair("b", "1")));
}

TEST_F(TransactionBufferTest, CommitsTheNetWritesWithThePosition) {
  ASSERT_THAT(apply(store_, {{"a", "1"}, {"b", "1"}}, 1), IsOk());
  buffer_.put("a", "2");
  buffer_.put("a", "3");
  buffer_.erase("b");
  EXPECT_THAT(net(), ElementsAre(Pair("a", "3"), Pair("b", "-")));
  ASSERT_THAT(buffer_.commit(17), IsOk());
  EXPECT_THAT(rows_of(store_), ElementsAre(Pair("a", "3")));
  EXPECT_EQ(position_of(store_), 17);
  EXPECT_TRUE(buffer_.empty());
  EXPECT_EQ(buffer_.bytes(), 0u);
}

TEST_F(TransactionBufferTest, LeavesNothingOfANewPairThatIsErasedAgain) {
  buffer_.put_new("a", "1");
  buffer_.put("a", "2");
  buffer_.erase("a");
  EXPECT_TRUE(buffer_.empty());
  EXPECT_EQ(buffer_.bytes(), 0u);
  EXPECT_THAT(net(), IsEmpty());
}

TEST_F(TransactionBufferTest, KeepsTheTombstoneOfAPairThatMayBeCommitted) {
  buffer_.put("a", "1");
  buffer_.erase("a");
  EXPECT_THAT(net(), ElementsAre(Pair("a", "-")));
}

TEST_F(TransactionBufferTest, DoesNotBelieveAPutNewAfterAnErase) {
  ASSERT_THAT(apply(store_, {{"a", "committed"}}, 1), IsOk());
  buffer_.erase("a");
  buffer_.put_new("a", "again");
  buffer_.erase("a");
  EXPECT_THAT(net(), ElementsAre(Pair("a", "-")));
}

TEST_F(TransactionBufferTest, KnowsNothingOfNewPairsOfAnEarlierTransaction) {
  buffer_.put_new("a", "1");
  commit();
  buffer_.put("a", "2");
  buffer_.erase("a");
  EXPECT_THAT(net(), ElementsAre(Pair("a", "-")));
  commit();
  EXPECT_THAT(rows_of(store_), IsEmpty());
}

TEST_F(TransactionBufferTest, ErasesAbsentKeysWithoutError) {
  buffer_.erase("a");
  commit();
  EXPECT_THAT(rows_of(store_), IsEmpty());
}

TEST_F(TransactionBufferTest, ShowsCommittedStateAgainWhenDiscarded) {
  ASSERT_THAT(apply(store_, {{"a", "1"}}, 1), IsOk());
  buffer_.put("a", "2");
  buffer_.put("b", "2");
  buffer_.discard();
  EXPECT_TRUE(buffer_.empty());
  EXPECT_EQ(buffer_.bytes(), 0u);
  EXPECT_THAT(rows_of(buffer_), ElementsAre(Pair("a", "1")));
}

TEST_F(TransactionBufferTest, HoldsEverythingWhenTheCommitFails) {
  buffer_.put("a", "1");
  store_.fail_next_apply({Verdict::Retry, "disk full"});
  EXPECT_THAT(buffer_.commit(5), Fails(Verdict::Retry, "disk full"));
  EXPECT_THAT(net(), ElementsAre(Pair("a", "1")));
  EXPECT_EQ(position_of(store_), std::nullopt);
  EXPECT_THAT(buffer_.commit(5), IsOk());
  EXPECT_THAT(rows_of(store_), ElementsAre(Pair("a", "1")));
}

TEST_F(TransactionBufferTest, EndsAVisitAtTheFirstError) {
  buffer_.put("a", "1");
  buffer_.put("b", "1");
  int visited = 0;
  EXPECT_THAT(buffer_.visit_writes([&](const Write&) {
    ++visited;
    return Status{Verdict::AbortTransaction, "no"};
  }),
              Fails(Verdict::AbortTransaction));
  EXPECT_EQ(visited, 1);
}

TEST_F(TransactionBufferTest, CountsItsBytesAndThoseItHasReplaced) {
  buffer_.put("key", "value");
  const std::size_t once = buffer_.bytes();
  EXPECT_GE(once, 8u);
  buffer_.put("key", "short");
  EXPECT_EQ(buffer_.bytes(), once) << "there was room";
  buffer_.put("key", "value!!!");
  EXPECT_EQ(buffer_.bytes(), once + 8);
  buffer_.erase("key");
  EXPECT_EQ(buffer_.bytes(), once + 8);
  buffer_.discard();
  EXPECT_EQ(buffer_.bytes(), 0u);
}

TEST_F(TransactionBufferTest, ForgetsNothingWhenOneNewPairOfSeveralIsErased) {
  buffer_.put_new("a", "1");
  buffer_.put_new("b", "1");
  buffer_.erase("a");
  EXPECT_EQ(buffer_.size(), 1u);
  EXPECT_EQ(value_of(buffer_, "a"), "(absent)");
  EXPECT_THAT(net(), ElementsAre(Pair("b", "1")));
  buffer_.put("a", "2");
  EXPECT_THAT(net(), ElementsAre(Pair("a", "2"), Pair("b", "1")));
}

TEST_F(TransactionBufferTest, HoldsValuesOfAnySizeAndManyKeys) {
  const std::string large(3'000'000, 'x');
  buffer_.put("large", large);
  for (int i = 0; i < 50'000; ++i) buffer_.put("key" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(value_of(buffer_, "large"), large);
  EXPECT_EQ(value_of(buffer_, "key49999"), "49999");
  commit();
  EXPECT_EQ(value_of(store_, "key123"), "123");
  EXPECT_EQ(value_of(store_, "large"), large);
  buffer_.put("after", "1");
  commit();
  EXPECT_EQ(rows_of(store_).size(), 50'002u);
}

TEST_F(TransactionBufferTest, MergesBothSidesInAScan) {
  ASSERT_THAT(apply(store_, {{"b", "s"}, {"d", "s"}, {"f", "s"}}, 1), IsOk());
  buffer_.put("a", "t");
  buffer_.put("d", "t");
  buffer_.erase("f");
  buffer_.put("g", "t");
  EXPECT_THAT(rows_of(buffer_), ElementsAre(Pair("a", "t"), Pair("b", "s"), Pair("d", "t"), Pair("g", "t")));
  EXPECT_THAT(rows_of(buffer_, "b", "g"), ElementsAre(Pair("b", "s"), Pair("d", "t")));
  EXPECT_THAT(rows_of(buffer_, "g", "b"), IsEmpty());
}

TEST_F(TransactionBufferTest, ShowsEngineRowsToGetButNotToScans) {
  ASSERT_THAT(apply(store_, {{"\x01progress", "old"}, {"a", "1"}}, 1), IsOk());
  buffer_.put("\x01progress", "new");
  EXPECT_EQ(value_of(buffer_, "\x01progress"), "new");
  EXPECT_THAT(rows_of(buffer_), ElementsAre(Pair("a", "1")));
  EXPECT_THAT(rows_of(buffer_, "\x01", "\x05"), IsEmpty());
}

TEST_F(TransactionBufferTest, AgreesWithAPlainMapUnderRandomWork) {
  std::mt19937 random(20260717);  // NOLINT: the same run every time
  const auto up_to = [&](unsigned n) { return random() % n; };
  const auto some_key = [&] {
    std::string key(1 + up_to(2), 'a');
    for (char& c : key) c = static_cast<char>('a' + up_to(6));
    return key;
  };
  std::map<std::string, std::string> committed, model;

  for (int step = 0; step < 20'000; ++step) {
    const std::string key = some_key();
    switch (up_to(10)) {
      case 0:
      case 1:
      case 2:
        model[key] = std::to_string(step);
        committed.contains(key) ? buffer_.put(key, model[key]) : buffer_.put_new(key, model[key]);
        break;
      case 3:
        model[key] = std::to_string(step);
        buffer_.put(key, model[key]);
        break;
      case 4:
      case 5:
        model.erase(key);
        buffer_.erase(key);
        break;
      case 6: {
        const auto row = model.find(key);
        ASSERT_EQ(value_of(buffer_, key), row == model.end() ? "(absent)" : row->second);
        break;
      }
      case 7: {
        const std::string until = up_to(4) == 0 ? "" : some_key();
        Pairs expected;
        for (auto row = model.lower_bound(key); row != model.end() && (until.empty() || row->first < until); ++row) {
          expected.emplace_back(*row);
        }
        ASSERT_EQ(rows_of(buffer_, key, until), expected) << "step " << step;
        const std::size_t wanted = up_to(5);
        Pairs first;
        ASSERT_THAT(buffer_.scan(key, until,
                                 [&](std::string_view k, std::string_view v) {
                                   first.emplace_back(k, v);
                                   return first.size() <= wanted;
                                 }),
                    IsOk());
        expected.resize(std::min(expected.size(), wanted + 1));
        ASSERT_EQ(first, expected) << "step " << step;
        break;
      }
      case 8:
        if (up_to(20) == 0) {
          commit();
          committed = model;
          ASSERT_EQ(rows_of(store_), Pairs(model.begin(), model.end()));
        }
        break;
      default:
        if (up_to(40) == 0) {
          buffer_.discard();
          model = committed;
        }
    }
  }
}

}  // namespace
}  // namespace ebc::state
