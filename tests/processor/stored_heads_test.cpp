#include "processor/group/stored_heads.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "processor/group/hash.h"
#include "processor/group/row_codec.h"
#include "tests/processor/map_reader.h"

namespace ebc::group {
namespace {

/// Counts how often it is read.
class MapStore final : public KeyValueStore {
 public:
  Result<bool> get(std::string_view key, std::string& value) override { return MapReader(rows).get(key, value); }
  void put(std::string_view key, std::string_view value) override { rows[std::string(key)] = value; }
  void put_new(std::string_view key, std::string_view value) override { put(key, value); }
  void erase(std::string_view key) override { rows.erase(std::string(key)); }
  Status scan(std::string_view from, std::string_view until, const Visitor& visit) override {
    ++scans;
    EBC_TRY(MapReader(rows).scan(from, until, visit));
    return fault;
  }

  std::map<std::string, std::string> rows;
  int scans = 0;
  Status fault;
};

class StoredHeadsTest : public testing::Test {
 protected:
  static std::string id(int i) { return fmt::format("group-{}", i); }
  void store_row(int i) {
    std::string key;
    head_key(id(i), key);
    store.put(key, "row");
  }
  bool may_have(int i) const { return heads.may_have(fingerprint(id(i))); }
  void learn(int times) {
    for (int i = 0; i < times; ++i) ASSERT_TRUE(heads.learn(store, 0).ok());
  }

  MapStore store;
  StoredHeads heads;
};

TEST_F(StoredHeadsTest, RulesNothingOutBeforeItHasSeenTheWholeStore) {
  for (int i = 0; i < 5'000; ++i) store_row(i);
  EXPECT_TRUE(may_have(77'777));
  learn(2);
  EXPECT_TRUE(may_have(77'777)) << "two slices are not all of it";
  learn(1);
  EXPECT_FALSE(may_have(77'777));
}

TEST_F(StoredHeadsTest, NeverRulesOutWhatIsStored) {
  for (int i = 0; i < 30'000; ++i) store_row(i);
  // Written between the slices, in front of and behind the place where it reads.
  for (int i = 30'000; i < 60'000; ++i) {
    store_row(i);
    heads.add(fingerprint(id(i)));
    if (i % 1'000 == 0) learn(1);
  }
  learn(100);
  int ruled_out = 0;
  for (int i = 0; i < 60'000; ++i) ASSERT_TRUE(may_have(i)) << i;
  for (int i = 60'000; i < 70'000; ++i) ruled_out += may_have(i) ? 0 : 1;
  EXPECT_GT(ruled_out, 9'500);
}

TEST_F(StoredHeadsTest, IsMadeAnewWhenItHasGrownFull) {
  learn(1);
  // Groups come and go: only the last thousand are stored.
  for (int i = 0; i < 200'000; ++i) {
    store_row(i);
    heads.add(fingerprint(id(i)));
    if (i >= 1'000) {
      std::string key;
      head_key(id(i - 1'000), key);
      store.erase(key);
    }
    if (i % 1'000 == 0) learn(1);
  }
  learn(3);
  for (int i = 199'000; i < 200'000; ++i) ASSERT_TRUE(may_have(i));
  int ruled_out = 0;
  for (int i = 300'000; i < 310'000; ++i) ruled_out += may_have(i) ? 0 : 1;
  EXPECT_GT(ruled_out, 9'500);
  EXPECT_LT(store.scans, 40) << "reads the store only when there is reason to";
}

TEST_F(StoredHeadsTest, LooksAtHeadsOnly) {
  std::string key;
  envelope_key(id(1), key);
  store.put(key, "not a head");
  learn(1);
  EXPECT_FALSE(may_have(1));
}

TEST_F(StoredHeadsTest, HandsOnWhatTheStoreSays) {
  store.fault = {Verdict::TaskCorrupted, "torn"};
  EXPECT_EQ(heads.learn(store, 0).verdict(), Verdict::TaskCorrupted);
}

}  // namespace
}  // namespace ebc::group
