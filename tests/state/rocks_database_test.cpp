#include "state/rocks_database.h"

#include <fmt/format.h>

#include <numeric>
#include <random>
#include <set>

#include "tests/state/file_size_limit.h"
#include "tests/state/store_language.h"
#include "tests/state/temp_folder.h"

namespace ebc::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class RocksDatabaseTest : public testing::Test {
 protected:
  RocksDatabaseTest() { open(); }

  void open() {
    auto opened = RocksDatabase::open(path_, {});
    ASSERT_THAT(opened.status(), IsOk());
    database_ = std::move(*opened);
  }
  void reopen() {
    database_.reset();
    open();
  }
  std::shared_ptr<CommittedStore> home(Partition id) {
    auto store = database_->open_home(id);
    EXPECT_THAT(store.status(), IsOk());
    return *store;
  }

  /// RocksDB writes one of them, with the options of all homes, whenever it makes or drops a home's family.
  std::set<std::string> options_files() const {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(path_)) {
      if (const auto name = file.path().filename().string(); name.starts_with("OPTIONS-")) names.insert(name);
    }
    return names;
  }

  TempFolder folder_;
  std::filesystem::path path_ = folder_.path() / "db";
  std::unique_ptr<RocksDatabase> database_;
};

TEST_F(RocksDatabaseTest, FindsItsHomesAgain) {
  EXPECT_THAT(apply(*home(0), {{"a", "zero"}}, 1), IsOk());
  EXPECT_THAT(apply(*home(11), {{"a", "eleven"}}, 2), IsOk());
  ASSERT_THAT(database_->flush(true), IsOk());
  reopen();
  EXPECT_THAT(database_->homes(), ElementsAre(0, 11));
  EXPECT_THAT(rows_of(*home(0)), ElementsAre(Pair("a", "zero")));
  EXPECT_EQ(position_of(*home(0)), 1);
  EXPECT_THAT(rows_of(*home(11)), ElementsAre(Pair("a", "eleven")));
  EXPECT_EQ(position_of(*home(11)), 2);
  EXPECT_THAT(rows_of(*home(5)), IsEmpty());
}

TEST_F(RocksDatabaseTest, TellsWhatItTakesOfMemoryAndDisk) {
  const std::string value(1'000, 'v');
  for (int i = 0; i < 500; ++i) EXPECT_THAT(apply(*home(i % 2), {{fmt::format("key {}", i), value}}, i + 1), IsOk());
  const auto in_memory = database_->usage();
  EXPECT_GT(in_memory.memtable_bytes, 500'000u);
  EXPECT_EQ(in_memory.disk_bytes, 0u);
  EXPECT_EQ(in_memory.rows, 1'000u);  // in memory the position counts at each write
  EXPECT_FALSE(in_memory.write_stopped);

  ASSERT_THAT(database_->flush(true), IsOk());
  EXPECT_EQ(rows_of(*home(0)).size(), 250u);
  const auto on_disk = database_->usage();
  EXPECT_LT(on_disk.memtable_bytes, in_memory.memtable_bytes);
  EXPECT_GT(on_disk.disk_bytes, 0u);
  EXPECT_GT(on_disk.block_cache_bytes, 0u);
}

// What a new home costs must not grow with the number of those that are there.
TEST_F(RocksDatabaseTest, MakesManyHomesAtOnce) {
  std::vector<Partition> ids(50);
  std::iota(ids.begin(), ids.end(), 0);
  EXPECT_THAT(apply(*home(7), {{"a", "seven"}}, 1), IsOk());
  ASSERT_THAT(database_->prepare_homes(ids), IsOk());
  EXPECT_EQ(database_->homes(), ids);
  const auto before = options_files();
  for (const Partition id : ids) EXPECT_EQ(rows_of(*home(id)).size(), id == 7 ? 1u : 0u);
  EXPECT_EQ(options_files(), before);
  EXPECT_THAT(apply(*home(49), {{"a", "last"}}, 1), IsOk());
  reopen();
  EXPECT_THAT(rows_of(*home(49)), ElementsAre(Pair("a", "last")));
}

TEST_F(RocksDatabaseTest, ClearsAnEmptyHomeWithoutMakingItAnew) {
  const auto store = home(3);
  const auto before = options_files();
  EXPECT_THAT(store->clear(), IsOk());
  EXPECT_EQ(options_files(), before);
  // One that holds no row but its position isn't empty.
  EXPECT_THAT(apply(*store, {}, 5), IsOk());
  EXPECT_THAT(store->clear(), IsOk());
  EXPECT_NE(options_files(), before);
  EXPECT_EQ(position_of(*store), std::nullopt);
}

TEST_F(RocksDatabaseTest, TakesLittleMemoryForManyHomesThatHoldLittle) {
  database_.reset();
  auto opened = RocksDatabase::open(path_, {.homes = 64});
  ASSERT_THAT(opened.status(), IsOk());
  database_ = std::move(*opened);
  for (Partition id = 0; id < 64; ++id) EXPECT_THAT(apply(*home(id), {{"a", "b"}}, 1), IsOk());
  EXPECT_LT(database_->usage().memtable_bytes, 16u << 20);
}

TEST_F(RocksDatabaseTest, KeepsEverythingWhenItIsClosedInOrder) {
  EXPECT_THAT(apply(*home(0), {{"a", "1"}}, 1), IsOk());
  reopen();
  EXPECT_THAT(rows_of(*home(0)), ElementsAre(Pair("a", "1")));
}

TEST_F(RocksDatabaseTest, FencesTheFormerOwnerOfAHome) {
  const auto former = home(0), neighbour = home(1);
  EXPECT_THAT(apply(*former, {{"a", "1"}}, 1), IsOk());
  const auto owner = home(0);
  EXPECT_THAT(apply(*owner, {{"a", "2"}}, 2), IsOk());

  EXPECT_THAT(apply(*former, {{"a", "late"}}, 9), Fails(Verdict::Fenced, "home 0"));
  EXPECT_THAT(former->clear(), Fails(Verdict::Fenced, "home 0"));
  EXPECT_THAT(rows_of(*owner), ElementsAre(Pair("a", "2")));
  EXPECT_EQ(position_of(*owner), 2);
  EXPECT_THAT(apply(*owner, {{"a", "3"}}, 3), IsOk());
  EXPECT_THAT(apply(*neighbour, {{"a", "1"}}, 1), IsOk());
}

TEST_F(RocksDatabaseTest, LetsAReaderFinishOverAHomeThatIsCleared) {
  const auto store = home(0);
  EXPECT_THAT(apply(*store, {{"a", "1"}, {"b", "1"}}, 1), IsOk());
  Pairs seen;
  EXPECT_THAT(store->scan("", "",
                          [&](std::string_view key, std::string_view value) {
                            if (seen.empty()) {
                              EXPECT_THAT(store->clear(), IsOk());
                            }
                            seen.emplace_back(key, value);
                            return true;
                          }),
              IsOk());
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_THAT(rows_of(*store), IsEmpty());
}

TEST_F(RocksDatabaseTest, StaysClearedWithoutAFlush) {
  EXPECT_THAT(apply(*home(0), {{"a", "1"}}, 1), IsOk());
  EXPECT_THAT(apply(*home(1), {{"a", "1"}}, 1), IsOk());
  ASSERT_THAT(database_->flush(true), IsOk());
  EXPECT_THAT(home(0)->clear(), IsOk());
  reopen();
  EXPECT_THAT(rows_of(*home(0)), IsEmpty());
  EXPECT_EQ(position_of(*home(0)), std::nullopt);
  EXPECT_EQ(rows_of(*home(1)).size(), 1u);
}

TEST_F(RocksDatabaseTest, QuarantinesOneHomeAndFencesItsStore) {
  const auto damaged = home(0), sound = home(1);
  EXPECT_THAT(apply(*damaged, {{"a", "1"}}, 1), IsOk());
  EXPECT_THAT(apply(*sound, {{"a", "1"}}, 1), IsOk());
  EXPECT_THAT(database_->quarantine_home(0, "made up"), IsOk());
  EXPECT_THAT(apply(*damaged, {{"a", "2"}}, 2), Fails(Verdict::Fenced));
  EXPECT_THAT(rows_of(*home(0)), IsEmpty());
  EXPECT_EQ(position_of(*home(0)), std::nullopt);
  EXPECT_THAT(apply(*sound, {{"a", "2"}}, 2), IsOk());
}

TEST_F(RocksDatabaseTest, ShowsAHomeAsItWasWhenTheViewWasMade) {
  const auto store = home(0);
  EXPECT_THAT(apply(*store, {{"a", "1"}, {"b", "1"}}, 1), IsOk());
  const auto view = database_->view_home(0);
  EXPECT_THAT(apply(*store, {{"a", "2"}, {"c", "2"}}, 2), IsOk());
  EXPECT_THAT(rows_of(*view), ElementsAre(Pair("a", "1"), Pair("b", "1")));
  EXPECT_EQ(value_of(*view, "c"), "(absent)");
  EXPECT_EQ(position_of(*view), 1);
  EXPECT_THAT(store->clear(), IsOk());
  EXPECT_EQ(value_of(*view, "a"), "1");
  EXPECT_EQ(database_->view_home(77), nullptr);
}

TEST_F(RocksDatabaseTest, KeepsTheDatabaseOpenForAStoreThatOutlivesIt) {
  const auto store = home(0);
  database_.reset();
  EXPECT_THAT(apply(*store, {{"a", "1"}}, 1), IsOk());
  EXPECT_EQ(value_of(*store, "a"), "1");
}

TEST_F(RocksDatabaseTest, RefusesAFolderThatIsOpenAlready) {
  // Not damage: throwing the files away would be the worst answer.
  EXPECT_THAT(RocksDatabase::open(path_, {}).status(), Fails(Verdict::Fatal, path_.string()));
}

TEST_F(RocksDatabaseTest, RefusesAPlaceWhereNothingCanBeWritten) {
  EXPECT_THAT(RocksDatabase::open("/proc/ebc-no-such-folder/db", {}).status(), testing::Not(IsOk()));
}

TEST_F(RocksDatabaseTest, GoesOnAfterTheDiskWasFull) {
  const auto store = home(0);
  std::mt19937 random(7);  // NOLINT: the same bytes every time
  std::string noise(1u << 20, ' ');
  for (char& c : noise) c = static_cast<char>(random());
  EXPECT_THAT(apply(*store, {{"a", noise}}, 1), IsOk());
  {
    const FileSizeLimit full(100'000);
    EXPECT_THAT(database_->flush(true), Fails(Verdict::Retry, path_.string()));
    EXPECT_THAT(apply(*store, {{"b", "1"}}, 2), Fails(Verdict::Retry, "Make room"));
    EXPECT_EQ(position_of(*store), 1);
  }
  EXPECT_THAT(apply(*store, {{"b", "1"}}, 2), IsOk());
  EXPECT_THAT(database_->flush(true), IsOk());
  EXPECT_EQ(value_of(*store, "a"), noise);
  EXPECT_EQ(position_of(*store), 2);
}

}  // namespace
}  // namespace ebc::state
