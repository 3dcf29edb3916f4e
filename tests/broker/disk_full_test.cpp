// The disk of the state folder is full, and then it isn't any more.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tests/broker/broker_test.h"

namespace ebc::broker_test {
namespace {

using ::testing::HasSubstr;

/// A file system of its own, so small that it can be filled.
class SmallDisk {
 public:
  SmallDisk(std::filesystem::path path, const std::string& size) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
    is_mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
    if (!is_mounted_) why_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::filesystem::path& path() const { return path_; }
  bool is_mounted() const { return is_mounted_; }
  const std::string& why() const { return why_; }

  void fill() const {
    std::ofstream ballast(path_ / "ballast", std::ios::binary | std::ios::app);
    const std::string block(4'096, 'x');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void make_room() const { std::filesystem::remove(path_ / "ballast"); }

 private:
  std::filesystem::path path_;
  bool is_mounted_ = false;
  std::string why_;
};

using DiskFull = BrokerTest;

TEST_F(DiskFull, IsSaidAndWaitedOutAndCostsNoOutcome) {
  const SmallDisk disk(state_dir().parent_path() / "disk", "48m");
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "a small file system can't be mounted here (" << disk.why() << "): run as root, with CAP_SYS_ADMIN";
  }
  std::filesystem::create_symlink(disk.path(), state_dir());
  make_topic(2);
  const auto collector = start_collector({"--session-timeout", "5s"});
  // Long payloads and groups that stay open for a while: state grows, and must be flushed.
  Workload workload({.seed = 3,
                     .groups = 20'000,
                     .groups_per_second = 150,
                     .timeout_share = 0.4,
                     .keying = Keying::Mixed,
                     .finished_ttl_ms = 60'000,
                     .timeout_ttl_min_ms = 5'000,
                     .timeout_ttl_max_ms = 8'000});
  RunningWorkload running(workload, brokers(), topic());
  const auto records = [&] { return collector->metric("records_total").value_or(0); };
  ASSERT_TRUE(eventually(30s, [&] { return records() > 500; })) << "the load isn't processed";

  disk.fill();
  const Stopwatch full;
  std::string readiness;
  const bool said = eventually(60s, [&] {
    const auto answer = collector->get("/readyz");
    readiness = answer ? answer->body : "";
    return answer && answer->status == 503 && readiness.find("No space left") != std::string::npos;
  });
  EXPECT_TRUE(said) << "readyz: " << readiness;
  measured("disk_full_said_after_ms", static_cast<double>(full.ms()));
  fmt::print("readyz: {}\n", readiness);
  EXPECT_THAT(collector->log(), HasSubstr("No space left"));
  ASSERT_TRUE(collector->running()) << "it must wait, not end";

  disk.make_room();
  const Stopwatch room;
  EXPECT_TRUE(eventually(60s, [&] { return collector->ready(); })) << "it doesn't go on when there is room";
  measured("disk_full_ready_after_room_ms", static_cast<double>(room.ms()));
  running.stop();
  EXPECT_TRUE(is_exactly_once(check_all(workload.produced(), 90s, "8.5")));
}

}  // namespace
}  // namespace ebc::broker_test
