// What format 1 wrote is read for ever, and written today exactly so; what is newer is told apart from damage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "state/changelog_codec.h"
#include "state/memory_store.h"
#include "state/restorer.h"
#include "state/state_directory.h"
#include "topology/progress.h"

namespace ebc::topology {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const fs::path kKept = fs::path(EBC_SOURCE_DIR) / "tests" / "kept" / "format-1";

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

struct KeptRecord {
  std::string key;
  std::optional<std::string> value;
};

std::vector<KeptRecord> kept_changelog() {
  std::vector<KeptRecord> records;
  std::istringstream lines(text_of(kKept / "changelog.hex"));
  for (std::string key, value; lines >> key >> value;) {
    records.push_back({bytes_of(key), value == "-" ? std::nullopt : std::optional(bytes_of(value))});
  }
  return records;
}

const Progress kProgress{.generation = 0x1122334455667789,
                         .input_next = 1200,
                         .repartition_next = 34,
                         .clock = timestamp_from_ms(1'784'331'501'402),
                         .written = timestamp_from_ms(1'784'331'501'500),
                         .inputs_known = 12};

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("ebc-kept-" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  void put_identity(const std::string& text) { std::ofstream(path_ / "identity", std::ios::binary) << text; }

 private:
  fs::path path_;
};

TEST(KeptFormats, AProgressRowIsReadAndWrittenAsItWas) {
  std::string hex = text_of(kKept / "progress.hex");
  hex.pop_back();
  const auto progress = decode_progress(bytes_of(hex));
  ASSERT_TRUE(progress.ok()) << progress.status().message();
  EXPECT_EQ(progress.value(), kProgress);
  EXPECT_EQ(encode(kProgress), bytes_of(hex));
}

TEST(KeptFormats, AChangelogIsRestoredAndWrittenAsItWas) {
  state::MemoryStore store;
  auto restorer = state::Restorer::begin(store);
  ASSERT_TRUE(restorer.ok());
  Offset offset = 0;
  for (const KeptRecord& record : kept_changelog()) {
    const Status added = restorer->add(offset++, record.key, record.value);
    ASSERT_TRUE(added.ok()) << added.message();
    std::string scratch;
    const auto write = state::decode_changelog(record.key, record.value);
    const auto again = state::encode_changelog(write.value(), scratch);
    EXPECT_EQ(again.key, record.key);
    EXPECT_EQ(again.value, record.value);
  }
  ASSERT_TRUE(restorer->finish(offset).ok());
  std::string value;
  ASSERT_TRUE(store.get(kProgressKey, value).value());
  EXPECT_EQ(decode_progress(value).value(), kProgress);
  EXPECT_TRUE(store.get("\x10order-7", value).value());
  EXPECT_EQ(value, "value of a row");
  EXPECT_TRUE(store.get("\x10order-8", value).value());
  EXPECT_EQ(value, "");
  EXPECT_FALSE(store.get("\x10order-9", value).value());
}

TEST(KeptFormats, AStateFolderIsTakenUpAsItWas) {
  Folder folder;
  folder.put_identity(text_of(kKept / "identity"));
  const auto opened = state::StateDirectory::open(folder.path(), {"eb-collector", "kAbCdEfGhIjKlMnOpQrSt"});
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened.value().instance_id(), "ebc-0123456789ab");
  EXPECT_EQ(opened.value().uuid(), "0123456789abcdef0123456789abcdef");
  ASSERT_EQ(opened.value().used_names().size(), 1u);
  EXPECT_EQ(opened.value().used_names()[0], (state::UsedNames{"eb-collector-ebc-0123456789ab", 2}));
}

TEST(KeptFormats, ANewerStateFolderIsRefusedAndLeftAlone) {
  Folder folder;
  std::string identity = text_of(kKept / "identity");
  identity.replace(identity.find("format = 1"), 10, "format = 2");
  folder.put_identity(identity);
  const auto opened = state::StateDirectory::open(folder.path(), {"eb-collector", "kAbCdEfGhIjKlMnOpQrSt"});
  EXPECT_EQ(opened.status().verdict(), Verdict::Fatal);
  EXPECT_THAT(opened.status().message(), HasSubstr("run the version that wrote it or a later one"));
  EXPECT_EQ(text_of(folder.path() / "identity"), identity);
}

TEST(KeptFormats, NewerRowsAreTakenForAnotherVersionsNotForDamage) {
  for (const KeptRecord& record : kept_changelog()) {
    if (!record.value) continue;
    std::string newer = *record.value;
    newer[0] = 2;
    const auto write = state::decode_changelog(record.key, newer);
    EXPECT_EQ(write.status().verdict(), Verdict::Fatal);
    EXPECT_THAT(write.status().message(), HasSubstr("run the version that wrote it"));
  }
  std::string row = encode(kProgress);
  row[0] = 2;
  EXPECT_EQ(decode_progress(row).status().verdict(), Verdict::Fatal);
}

}  // namespace
}  // namespace ebc::topology
