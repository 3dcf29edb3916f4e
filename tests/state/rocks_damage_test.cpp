#include <algorithm>
#include <fstream>
#include <random>

#include "state/rocks_quarantine.h"
#include "tests/state/store_language.h"
#include "tests/state/temp_folder.h"

namespace ebc::state {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Timestamp kNow = timestamp_from_ms(1'784'331'501'402);  // 2026-07-17T23:38:21.402Z

class RocksDamageTest : public testing::Test {
 protected:
  std::vector<fs::path> files(const std::string& name_begin, const std::string& extension = {}) const {
    std::vector<fs::path> found;
    for (const auto& file : fs::directory_iterator(path_)) {
      const fs::path& path = file.path();
      if (path.filename().string().starts_with(name_begin) && (extension.empty() || path.extension() == extension)) {
        found.push_back(path);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  std::vector<std::string> folders() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path())) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  }

  static void flip_byte(const fs::path& path, std::uintmax_t at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(file.get() ^ 0xff);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte);
    ASSERT_TRUE(file.good());
  }

  std::unique_ptr<RocksDatabase> open() {
    auto opened = RocksDatabase::open(path_, {});
    EXPECT_THAT(opened.status(), IsOk());
    return std::move(*opened);
  }

  OpenedDatabase open_or_quarantine(Timestamp now = kNow) {
    auto opened = state::open_or_quarantine(path_, {}, now);
    EXPECT_THAT(opened.status(), IsOk());
    return std::move(*opened);
  }

  static constexpr int kRows = 100;
  static std::string key(int i) { return "key-" + std::to_string(1000 + i); }

  /// Rows that don't compress, in many blocks of one new file.
  void write_file(RocksDatabase& database, Partition home, Offset changelog_offset_next) {
    auto store = *database.open_home(home);
    for (int i = 0; i < kRows; ++i) {
      std::string value(2'000, ' ');
      for (char& c : value) c = static_cast<char>(random_());
      ASSERT_THAT(apply(*store, {{key(i), value}}, changelog_offset_next), IsOk());
    }
    ASSERT_THAT(database.flush(true), IsOk());
  }

  TempFolder folder_;
  fs::path path_ = folder_.path() / "db";
  std::mt19937 random_{7};  // NOLINT: the same bytes every time
};

TEST_F(RocksDamageTest, OpensASoundDatabaseAsItIs) {
  write_file(*open(), 0, 5);
  const OpenedDatabase opened = open_or_quarantine();
  EXPECT_FALSE(opened.quarantined());
  EXPECT_EQ(position_of(**opened.database->open_home(0)), 5);
  EXPECT_THAT(folders(), ElementsAre("db"));
}

TEST_F(RocksDamageTest, PutsADatabaseWithATruncatedTableAside) {
  write_file(*open(), 0, 5);
  const fs::path table = files("", ".sst").at(0);
  fs::resize_file(table, fs::file_size(table) / 2);

  EXPECT_THAT(RocksDatabase::open(path_, {}).status(), Fails(Verdict::TaskCorrupted, path_.string()));
  const OpenedDatabase opened = open_or_quarantine();
  EXPECT_EQ(opened.damaged_moved_to, folder_.path() / "db.damaged-20260717T233821Z");
  EXPECT_THAT(opened.database->homes(), IsEmpty());
  EXPECT_EQ(position_of(**opened.database->open_home(0)), std::nullopt);
  EXPECT_THAT(folders(), ElementsAre("db", "db.damaged-20260717T233821Z"));
}

TEST_F(RocksDamageTest, PutsADatabaseWithoutOneOfItsFilesAside) {
  for (const auto& [begin, extension] : {std::pair{"MANIFEST", ""}, {"CURRENT", ""}, {"", ".sst"}}) {
    write_file(*open(), 0, 5);
    for (const fs::path& file : files(begin, extension)) fs::remove(file);
    EXPECT_THAT(RocksDatabase::open(path_, {}).status(), Fails(Verdict::TaskCorrupted)) << begin << extension;
    EXPECT_TRUE(open_or_quarantine().damaged_moved_to.has_value()) << begin << extension;
  }
}

TEST_F(RocksDamageTest, PutsADatabaseWithADamagedManifestAside) {
  write_file(*open(), 0, 5);
  const fs::path manifest = files("MANIFEST").at(0);
  flip_byte(manifest, fs::file_size(manifest) / 2);
  EXPECT_TRUE(open_or_quarantine().damaged_moved_to.has_value());
}

TEST_F(RocksDamageTest, KeepsOnlyTheNewestDamagedDatabase) {
  for (int day = 0; day < 3; ++day) {
    write_file(*open(), 0, 5);
    fs::remove(files("MANIFEST").at(0));
    open_or_quarantine(kNow + std::chrono::days(day));
  }
  EXPECT_THAT(folders(), ElementsAre("db", "db.damaged-20260719T233821Z"));
}

TEST_F(RocksDamageTest, EmptiesAHomeWhoseFirstRowsCanNotBeRead) {
  {
    const auto database = open();
    write_file(*database, 0, 5);
    flip_byte(files("", ".sst").at(0), 100);
    write_file(*database, 1, 6);
  }
  const OpenedDatabase opened = open_or_quarantine();
  EXPECT_THAT(opened.emptied_homes, ElementsAre(0));
  EXPECT_FALSE(opened.damaged_moved_to.has_value());
  EXPECT_EQ(position_of(**opened.database->open_home(0)), std::nullopt);
  EXPECT_EQ(position_of(**opened.database->open_home(1)), 6);
  EXPECT_EQ(rows_of(**opened.database->open_home(1)).size(), std::size_t{kRows});
}

TEST_F(RocksDamageTest, ReportsAFlippedByteToWhoeverReadsIt) {
  write_file(*open(), 0, 5);
  const fs::path table = files("", ".sst").at(0);
  flip_byte(table, fs::file_size(table) / 2);

  const auto database = open();
  const auto store = *database->open_home(0);
  EXPECT_THAT(store->scan("", "", [](auto, auto) { return true; }), Fails(Verdict::TaskCorrupted, path_.string()));
  int refused = 0;
  for (int i = 0; i < kRows; ++i) {
    std::string value;
    Result<bool> found = store->get(key(i), value);
    if (found.ok()) continue;
    EXPECT_THAT(found.status(), Fails(Verdict::TaskCorrupted, "home 0"));
    ++refused;
  }
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, kRows);

  EXPECT_THAT(database->quarantine_home(0, "flipped byte"), IsOk());
  const auto fresh = *database->open_home(0);
  EXPECT_THAT(rows_of(*fresh), IsEmpty());
  EXPECT_THAT(apply(*fresh, {{"a", "1"}}, 1), IsOk());
}

// RocksDB would answer a damaged block in a compaction by refusing all writes, of all homes, until it is reopened.
TEST_F(RocksDamageTest, StopsOnlyTheHomeWhoseCompactionMeetsDamage) {
  {
    const auto database = open();
    for (int file = 0; file < 3; ++file) write_file(*database, 0, file);
  }
  const fs::path table = files("", ".sst").at(0);
  flip_byte(table, fs::file_size(table) / 2);

  const auto database = open();
  const auto sound = *database->open_home(1);
  write_file(*database, 0, 4);
  const auto damaged = *database->open_home(0);
  // The fourth file makes RocksDB compact in the background; the home learns of it at a later write.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  Status applied;
  while (applied.ok() && std::chrono::steady_clock::now() < deadline) {
    applied = apply(*damaged, {{"a", "1"}}, 5);
    EXPECT_THAT(apply(*sound, {{"a", "1"}}, 5), IsOk());
  }
  EXPECT_THAT(applied, Fails(Verdict::TaskCorrupted, "home 0"));

  EXPECT_THAT(database->quarantine_home(0, applied.message()), IsOk());
  const auto fresh = *database->open_home(0);
  for (int file = 0; file < 5; ++file) write_file(*database, 0, file);
  EXPECT_THAT(apply(**database->open_home(0), {{"a", "1"}}, 1), IsOk());
  EXPECT_THAT(apply(*sound, {{"a", "2"}}, 6), IsOk());
  EXPECT_THAT(database->flush(true), IsOk());
}

}  // namespace
}  // namespace ebc::state
