#include "state/row_cache.h"

#include <map>
#include <random>

#include "state/cached_store.h"
#include "state/memory_store.h"
#include "tests/state/store_language.h"

namespace ebc::state {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::string held(const RowCache& cache, std::uint32_t owner, std::string_view key) {
  std::string value;
  return cache.get(owner, key, value) ? value : "(not held)";
}

TEST(RowCache, HoldsTheLastValueOfEachKey) {
  RowCache cache(4'096);
  const std::uint32_t owner = cache.new_owner();
  cache.put(owner, "a", "1");
  cache.put(owner, "b", "2");
  cache.put(owner, "a", "3");
  EXPECT_EQ(held(cache, owner, "a"), "3");
  EXPECT_EQ(held(cache, owner, "b"), "2");
  EXPECT_EQ(held(cache, owner, "c"), "(not held)");
  cache.erase(owner, "a");
  cache.erase(owner, "c");
  EXPECT_EQ(held(cache, owner, "a"), "(not held)");
  EXPECT_EQ(cache.size(), 1u);
}

TEST(RowCache, KeepsOwnersApart) {
  RowCache cache(4'096);
  const std::uint32_t one = cache.new_owner();
  const std::uint32_t other = cache.new_owner();
  cache.put(one, "a", "1");
  EXPECT_EQ(held(cache, other, "a"), "(not held)");
  cache.put(other, "a", "2");
  cache.erase(other, "a");
  EXPECT_EQ(held(cache, one, "a"), "1");
}

TEST(RowCache, LetsTheOldestGoWhenItIsFull) {
  RowCache cache(4'096);
  const std::uint32_t owner = cache.new_owner();
  for (int i = 0; i < 1'000; ++i) cache.put(owner, "key" + std::to_string(i), std::string(100, 'v'));
  EXPECT_EQ(held(cache, owner, "key999"), std::string(100, 'v'));
  EXPECT_EQ(held(cache, owner, "key0"), "(not held)");
  EXPECT_GT(cache.size(), 20u);
  EXPECT_LT(cache.size(), 40u) << "a row takes 128 bytes with its key";
}

TEST(RowCache, DoesNotHoldWhatIsTooLargeNorWhatWasThereBefore) {
  RowCache cache(4'096);
  const std::uint32_t owner = cache.new_owner();
  cache.put(owner, "a", "small");
  cache.put(owner, "a", std::string(1'000, 'v'));
  EXPECT_EQ(held(cache, owner, "a"), "(not held)");
}

TEST(RowCache, OfNoBytesHoldsNothing) {
  RowCache cache(0);
  const std::uint32_t owner = cache.new_owner();
  cache.put(owner, "a", "1");
  cache.erase(owner, "a");
  EXPECT_EQ(held(cache, owner, "a"), "(not held)");
}

/// Whatever it holds is the last value; and the row written last, if it is small, is held.
TEST(RowCache, AgreesWithAPlainMapUnderRandomWork) {
  std::mt19937 random(20261124);  // NOLINT: the same run every time
  const auto up_to = [&](unsigned n) { return random() % n; };
  for (const std::size_t bytes : {std::size_t{600}, std::size_t{5'000}, std::size_t{100'000}}) {
    RowCache cache(bytes);
    const std::uint32_t owners[] = {cache.new_owner(), cache.new_owner()};
    std::map<std::pair<std::uint32_t, std::string>, std::string> model;
    std::size_t hits = 0;
    for (int step = 0; step < 50'000; ++step) {
      const std::uint32_t owner = owners[up_to(2)];
      const std::string key(1 + up_to(20), static_cast<char>('a' + up_to(20)));
      if (up_to(4) == 0) {
        cache.erase(owner, key);
        model.erase({owner, key});
      } else if (up_to(2) == 0) {
        const std::string value = std::to_string(step) + std::string(up_to(200), 'v');
        cache.put(owner, key, value);
        model[{owner, key}] = value;
        const bool small = 16 + key.size() + value.size() + 8 <= bytes / 16;
        if (small) {
          ASSERT_EQ(held(cache, owner, key), value) << step;
        }
      } else {
        const std::string found = held(cache, owner, key);
        if (found == "(not held)") continue;
        ++hits;
        const auto expected = model.find({owner, key});
        ASSERT_NE(expected, model.end()) << step << " holds what was erased";
        ASSERT_EQ(found, expected->second) << step;
      }
    }
    EXPECT_GT(hits, 0u) << bytes;
  }
}

class CachedStoreTest : public testing::Test {
 protected:
  MemoryStore store_;
  RowCache cache_{4'096};
  CachedStore cached_{store_, cache_};
};

TEST_F(CachedStoreTest, ReadsWhatWasAppliedWithoutTheStore) {
  ASSERT_THAT(apply(store_, {{"before", "1"}}, 1), IsOk());
  ASSERT_THAT(apply(cached_, {{"a", "1"}, {"b", "1"}}, 2), IsOk());
  ASSERT_THAT(apply(store_, {{"a", "changed behind its back"}}, 3), IsOk());
  EXPECT_EQ(value_of(cached_, "a"), "1") << "from memory";
  EXPECT_EQ(value_of(cached_, "before"), "1");
  EXPECT_THAT(rows_of(cached_), ElementsAre(Pair("a", "changed behind its back"), Pair("b", "1"), Pair("before", "1")));
}

TEST_F(CachedStoreTest, ForgetsWhatIsErasedOrHasNoValueAnyMore) {
  ASSERT_THAT(apply(cached_, {{"a", "1"}, {"b", "1"}}, 1), IsOk());
  const std::vector<Write> writes{{"a", std::nullopt}, {"b", ""}};
  ASSERT_THAT(cached_.apply(writes, 2), IsOk());
  EXPECT_EQ(value_of(cached_, "a"), "(absent)");
  EXPECT_EQ(value_of(cached_, "b"), "");
}

TEST_F(CachedStoreTest, KnowsNothingOfAnApplyThatFailed) {
  ASSERT_THAT(apply(cached_, {{"a", "1"}}, 1), IsOk());
  store_.fail_next_apply({Verdict::Retry, "disk full"});
  const std::vector<Write> writes{{"a", "2"}};
  EXPECT_THAT(cached_.apply(writes, 2), Fails(Verdict::Retry));
  EXPECT_EQ(value_of(cached_, "a"), "1");
}

TEST_F(CachedStoreTest, ForgetsEverythingWhenCleared) {
  ASSERT_THAT(apply(cached_, {{"a", "1"}}, 1), IsOk());
  ASSERT_THAT(cached_.clear(), IsOk());
  EXPECT_EQ(value_of(cached_, "a"), "(absent)");
  EXPECT_EQ(position_of(cached_), std::nullopt);
}

}  // namespace
}  // namespace ebc::state
