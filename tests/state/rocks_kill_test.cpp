// After kill -9, without a write-ahead log, each home holds a prefix of what was written to it, and its position says
// which.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <random>

#include "state/rocks_database.h"
#include "tests/state/numbered_writer.h"
#include "tests/state/store_language.h"
#include "tests/state/temp_folder.h"

namespace ebc::state {

std::string numbered_key(long number) { return fmt::format("row-{:09}", number); }

int write_until_killed(const std::string& folder) {
  // Write buffers small enough for flushes that nobody asked for, in the middle of everything.
  auto opened = RocksDatabase::open(folder, {.cache_bytes = 1u << 20, .write_buffer_bytes = 1u << 20});
  if (!opened.ok()) return 2;
  std::vector<std::shared_ptr<CommittedStore>> homes;
  std::vector<long> rows;
  for (Partition home = 0; home < kNumberedHomes; ++home) {
    auto store = (*opened)->open_home(home);
    if (!store.ok()) return 3;
    auto position = (*store)->changelog_offset_next();
    if (!position.ok()) return 4;
    homes.push_back(*store);
    rows.push_back(position->value_or(0));
  }
  for (std::size_t batch = 0;; ++batch) {
    const std::size_t home = batch % homes.size();
    std::vector<std::string> keys;
    for (std::size_t row = 0; row < 1 + batch % 7; ++row) keys.push_back(numbered_key(rows[home]++));
    std::vector<Write> writes;
    const std::string value(200, 'v');
    for (const std::string& key : keys) writes.push_back({key, value});
    if (!homes[home]->apply(writes, rows[home]).ok()) return 5;
    if (batch % 97 == 0) {
      const Status flushed = (*opened)->flush(false);
      if (!flushed.ok()) {
        fmt::print(stderr, "{}\n", flushed.message());
        return 6;
      }
    }
    if (write(STDOUT_FILENO, ".", 1) != 1) return 7;
  }
}

namespace {

/// Runs the writer and kills it in the middle of a batch once it has reported `batches`.
void write_and_kill(const std::filesystem::path& folder, unsigned long batches) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string program = "/proc/self/exe", mode(kNumberedWriter), path = folder;
  char* const arguments[] = {program.data(), mode.data(), path.data(), nullptr};
  pid_t child = 0;
  ASSERT_EQ(posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  unsigned long reported = 0;
  char bytes[64];
  while (reported < batches) {
    const ssize_t count = read(ends[0], bytes, sizeof(bytes));
    if (count <= 0) break;
    reported += static_cast<unsigned long>(count);
  }
  kill(child, SIGKILL);
  close(ends[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << "the writer failed by itself, exit code " << WEXITSTATUS(status);
}

TEST(RocksKill, LeavesEachHomeAtAPrefixWithItsOwnPosition) {
  const TempFolder folder;
  const auto path = folder.path() / "db";
  std::mt19937 random(std::random_device{}());
  long survived = 0;
  for (int round = 0; round < 8; ++round) {
    const unsigned long batches = 1 + random() % 3'000;
    SCOPED_TRACE(fmt::format("round {}, killed after {} batches", round, batches));
    ASSERT_NO_FATAL_FAILURE(write_and_kill(path, batches));

    auto opened = RocksDatabase::open(path, {});
    ASSERT_THAT(opened.status(), IsOk());
    survived = 0;
    for (const Partition home : (*opened)->homes()) {
      const auto store = *(*opened)->open_home(home);
      long rows = 0;
      ASSERT_THAT(store->scan("", "",
                              [&](std::string_view key, std::string_view) {
                                EXPECT_EQ(key, numbered_key(rows));
                                return key == numbered_key(rows++);
                              }),
                  IsOk());
      ASSERT_EQ(rows, position_of(*store).value_or(0)) << "home " << home;
      survived += rows;
    }
  }
  EXPECT_GT(survived, 0) << "nothing was ever flushed: the test shows nothing";
}

}  // namespace
}  // namespace ebc::state
