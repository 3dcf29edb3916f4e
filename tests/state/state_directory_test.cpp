#include "state/state_directory.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "tests/state/file_size_limit.h"
#include "tests/state/store_language.h"
#include "tests/state/temp_folder.h"

namespace ebc::state {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

class StateDirectoryTest : public testing::Test {
 protected:
  Result<StateDirectory> open(const StateOwner& owner = {"app", "cluster-a"}) {
    return StateDirectory::open(path_, owner);
  }

  StateDirectory opened() {
    Result<StateDirectory> directory = open();
    EXPECT_THAT(directory.status(), IsOk());
    return std::move(*directory);
  }

  std::string identity_file() const {
    std::ostringstream text;
    text << std::ifstream(path_ / "identity").rdbuf();
    return text.str();
  }
  void write_identity(const std::string& text) const { std::ofstream(path_ / "identity") << text; }

  TempFolder folder_;
  fs::path path_ = folder_.path() / "parent" / "state";
};

TEST_F(StateDirectoryTest, MakesAFolderOfTheUsersOwn) {
  const StateDirectory directory = opened();
  struct stat folder {};
  ASSERT_EQ(stat(path_.c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 0777, 0700u);
  EXPECT_EQ(directory.database_path(), path_ / "db");
  EXPECT_FALSE(fs::exists(path_ / "identity.new"));
}

TEST_F(StateDirectoryTest, KeepsItsIdentityOverRestarts) {
  std::string instance_id, uuid;
  {
    StateDirectory first = opened();
    instance_id = first.instance_id();
    uuid = first.uuid();
    EXPECT_THAT(instance_id, MatchesRegex("ebc-[0-9a-f]{12}"));
    EXPECT_THAT(uuid, MatchesRegex("[0-9a-f]{32}"));
    EXPECT_THAT(first.used_names(), IsEmpty());
    EXPECT_THAT(first.note_names({"app-one", 4}), IsOk());
    EXPECT_THAT(first.note_names({"app-two", 1}), IsOk());
    EXPECT_THAT(first.note_names({"app-one", 2}), IsOk());
  }
  const StateDirectory second = opened();
  EXPECT_EQ(second.instance_id(), instance_id);
  EXPECT_EQ(second.uuid(), uuid);
  EXPECT_THAT(second.used_names(), ElementsAre(UsedNames{"app-one", 4}, UsedNames{"app-two", 1}));
}

TEST_F(StateDirectoryTest, GivesEachFolderItsOwnIdentity) {
  const StateDirectory one = opened();
  path_ = folder_.path() / "other";
  const StateDirectory other = opened();
  EXPECT_NE(one.instance_id(), other.instance_id());
  EXPECT_NE(one.uuid(), other.uuid());
}

TEST_F(StateDirectoryTest, LocksBeforeItsOwnerIsKnown) {
  Result<StateDirectory> directory = StateDirectory::lock(path_);
  ASSERT_THAT(directory.status(), IsOk());
  const std::string instance_id = directory->instance_id();
  EXPECT_FALSE(fs::exists(path_ / "identity"));
  EXPECT_THAT(directory->note_names({"app-one", 3}), IsOk());
  EXPECT_THAT(directory->claim({"app", "cluster-a"}), IsOk());
  EXPECT_THAT(directory->claim({"app", "cluster-a"}), IsOk());
  EXPECT_THAT(directory->claim({"app", "cluster-b"}), Fails(Verdict::Fatal));
  EXPECT_EQ(directory->instance_id(), instance_id);
  EXPECT_THAT(directory->used_names(), ElementsAre(UsedNames{"app-one", 3}));
}

TEST_F(StateDirectoryTest, RefusesASecondProcessAndNamesTheFirst) {
  int ready[2], leave[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(leave), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Result<StateDirectory> held = open();
    char byte = held.ok() ? 'y' : 'n';
    const bool told = write(ready[1], &byte, 1) == 1 && read(leave[0], &byte, 1) == 1;
    _exit(told ? 0 : 1);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_THAT(open().status(), Fails(Verdict::Fatal, fmt::format("process {}:", child)));
  EXPECT_THAT(open().status(), Fails(Verdict::Fatal, path_.string()));
  ASSERT_EQ(write(leave[1], &byte, 1), 1);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_THAT(open().status(), IsOk());
  for (const int fd : {ready[0], ready[1], leave[0], leave[1]}) close(fd);
}

TEST_F(StateDirectoryTest, LetsGoOfTheLockWithTheObjectThatHoldsIt) {
  {
    StateDirectory first = opened();
    EXPECT_THAT(open().status(), Fails(Verdict::Fatal, fmt::format("process {}:", getpid())));
    const StateDirectory moved = std::move(first);
    EXPECT_THAT(open().status(), Fails(Verdict::Fatal, "in use"));
  }
  EXPECT_THAT(open().status(), IsOk());
}

TEST_F(StateDirectoryTest, RefusesAForeignApplication) {
  opened();
  const Status refused = open({"another", "cluster-a"}).status();
  EXPECT_THAT(refused, Fails(Verdict::Fatal, "belongs to application app, not to another"));
  EXPECT_THAT(refused, Fails(Verdict::Fatal, "--app-id"));
}

TEST_F(StateDirectoryTest, RefusesAForeignCluster) {
  opened();
  const Status refused = open({"app", "cluster-b"}).status();
  EXPECT_THAT(refused, Fails(Verdict::Fatal, "belongs to Kafka cluster cluster-a, not to cluster-b"));
  EXPECT_THAT(refused, Fails(Verdict::Fatal, "--state-dir"));
}

TEST_F(StateDirectoryTest, RefusesANewerFormat) {
  opened();
  write_identity("format = 2\nwhatever = comes\n");
  EXPECT_THAT(open().status(), Fails(Verdict::Fatal, "has format 2, but this program knows formats up to 1"));
}

TEST_F(StateDirectoryTest, RefusesADamagedIdentity) {
  opened();
  const std::string sound = identity_file();
  for (const std::string& text :
       {std::string{}, std::string("\0\0\0\0", 4), sound.substr(0, sound.size() / 2), sound + "app_id = twice\n",
        std::string("format = one\n"), sound.substr(0, sound.find("used_names")),
        sound.substr(0, sound.find("used_names")) + "used_names = two*app"}) {
    write_identity(text);
    EXPECT_THAT(open().status(), Fails(Verdict::Fatal, "identity is damaged. Remove the folder")) << text;
  }
  write_identity(sound);
  EXPECT_THAT(open().status(), IsOk());
}

TEST_F(StateDirectoryTest, RefusesStateOfNobody) {
  opened();
  fs::remove(path_ / "identity");
  EXPECT_THAT(open().status(), IsOk());
  fs::remove(path_ / "identity");
  fs::create_directory(path_ / "db");
  EXPECT_THAT(open().status(), Fails(Verdict::Fatal, "no identity file"));
}

TEST_F(StateDirectoryTest, RefusesAnOwnerThatCanNotBeWrittenDown) {
  EXPECT_THAT(open({"", "cluster-a"}).status(), Fails(Verdict::Fatal, "is empty"));
  EXPECT_THAT(open({"app\nformat = 1", "cluster-a"}).status(), Fails(Verdict::Fatal, "line break"));
}

TEST_F(StateDirectoryTest, RefusesAPlaceWhereItCanNotBeMade) {
  std::ofstream(folder_.path() / "file") << "not a folder";
  for (const fs::path& path :
       {folder_.path() / "file", folder_.path() / "file" / "state", fs::path("/proc/ebc/state")}) {
    path_ = path;
    EXPECT_THAT(open().status(), Fails(Verdict::Fatal, path.string()));
    EXPECT_THAT(open().status(), Fails(Verdict::Fatal, "--state-dir"));
  }
}

TEST_F(StateDirectoryTest, RefusesAFolderThatItCanNotWriteTo) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  fs::create_directories(path_);
  fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_THAT(open().status(), Fails(Verdict::Fatal, "Permission denied"));
  fs::permissions(path_, fs::perms::owner_all);
}

TEST_F(StateDirectoryTest, KeepsTheOldIdentityWhenTheDiskIsFull) {
  StateDirectory directory = opened();
  const std::string before = identity_file();
  {
    const FileSizeLimit full(20);
    EXPECT_THAT(directory.note_names({"app-one", 7}), Fails(Verdict::Fatal, "Make room"));
  }
  EXPECT_THAT(directory.used_names(), IsEmpty());
  EXPECT_EQ(identity_file(), before);
  EXPECT_FALSE(fs::exists(path_ / "identity.new"));
  EXPECT_THAT(directory.note_names({"app-one", 7}), IsOk());
}

TEST_F(StateDirectoryTest, KeepsTheLatestOfManyNamesAndRefusesOnesThatItCanNotWriteDown) {
  StateDirectory directory = opened();
  for (int i = 0; i < 70; ++i) ASSERT_THAT(directory.note_names({"app-" + std::to_string(i), 1}), IsOk());
  EXPECT_THAT(directory.note_names({"two words", 1}), Fails(Verdict::Fatal, "blanks"));
  EXPECT_THAT(directory.note_names({"two\nlines", 1}), Fails(Verdict::Fatal, "blanks"));
  ASSERT_EQ(directory.used_names().size(), 64U);
  EXPECT_EQ(directory.used_names().front(), (UsedNames{"app-6", 1}));
  EXPECT_EQ(directory.used_names().back(), (UsedNames{"app-69", 1}));
}

TEST_F(StateDirectoryTest, ForgetsNamesThatHaveNothingLeftOpen) {
  {
    StateDirectory first = opened();
    ASSERT_THAT(first.note_names({"app-one", 4}), IsOk());
    ASSERT_THAT(first.note_names({"app-two", 2}), IsOk());
    ASSERT_THAT(first.keep_names({{"app-two", 1}}), IsOk());
  }
  EXPECT_THAT(opened().used_names(), ElementsAre(UsedNames{"app-two", 1}));
}

}  // namespace
}  // namespace ebc::state
