// TopologyTestDriver: runs an application on the production worker, takes and clock, over a log in memory and in
// simulated time. For the tests of the engine and of every processor that runs on it.
//
//   TopologyTestDriver driver(word_count(), {.partitions = 4});
//   driver.pipe(2, "key", "some text");
//   driver.commit();
//   driver.crash();
//   driver.restart();
//   EXPECT_THAT(driver.read("counts"), ...);
//
// Time stands still but for advance(). Nothing is committed but by commit() and by advance() over the commit interval
// (with outputs waiting: a few ms).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "processor/api/clock.h"
#include "processor/api/processor.h"
#include "state/memory_store.h"
#include "topology/engine_config.h"
#include "topology/home_clock.h"
#include "topology/home_stores.h"
#include "topology/stream_worker.h"
#include "topology/take_queue.h"
#include "topology/testing/fake_clients.h"

namespace ebc::topology::testing {

struct DriverOptions {
  int partitions = 1;
  Timestamp start = timestamp_from_ms(1'700'000'000'000);
  std::vector<std::string> output_topics;  ///< made with `partitions`; the dead-letter topic is always there, with 1
  OnLostOffsets on_lost_offsets = OnLostOffsets::Stop;
  std::size_t buffer_records = 100'000;  ///< after so many a commit is made in the middle of a batch
};

/// A record read from a topic.
struct ReadRecord {
  Partition partition = 0;
  Offset offset = 0;
  LogRecord record;
};

class TopologyTestDriver {
 public:
  static constexpr const char* kInput = "input";
  static constexpr const char* kRepartition = "app-repartition";
  static constexpr const char* kChangelog = "app-groups-changelog";
  static constexpr const char* kDeadLetter = "app-dead-letter";

  TopologyTestDriver(SupplierFactory suppliers, DriverOptions options);
  ~TopologyTestDriver();

  /// Writes a record to an input partition, stamped now unless told, and lets the worker process it. Returns its
  /// offset.
  Offset pipe(Partition partition, std::optional<std::string> key, std::optional<std::string> value,
              std::optional<Timestamp> timestamp = std::nullopt);
  /// As a well-keyed producer would.
  Offset pipe(const std::string& key, std::optional<std::string> value,
              std::optional<Timestamp> timestamp = std::nullopt);
  /// Writes without processing: piled up for later.
  Offset append(Partition partition, std::optional<std::string> key, std::optional<std::string> value,
                std::optional<Timestamp> timestamp = std::nullopt);

  /// Processes everything at hand.
  void process();
  /// Commits what is uncommitted, and processes what that makes readable.
  void commit();
  void fail_next_commit(CommitFailure failure) { faults_.next_commit = failure; }
  /// Moves the time, in steps as the homes' deadlines ask for, and lets everything happen that is due.
  void advance(Duration by);

  /// Time passes between crash() and restart().
  void advance_while_down(Duration by) { clock_.advance(by); }

  /// The process is gone: memory and open transaction are lost, the disk is kept.
  void crash();
  /// Starts again, on the same disk or on an empty one.
  void restart(bool keep_disk = true);
  void lose_disk();
  void rebalance(std::vector<Partition> assigned, std::vector<Partition> revoked = {},
                 std::vector<Partition> lost = {});
  /// Adds partitions to the input topic; the worker gets those beyond the present count assigned.
  void grow_input(int partitions);

  /// Records of a topic that a read_committed consumer sees and that were not read before.
  std::vector<ReadRecord> read(const std::string& topic);
  std::vector<std::string> read_values(const std::string& topic);

  Timestamp now() const { return clock_.now(); }
  FakeLog& log() { return log_; }
  FakeFaults& faults() { return faults_; }
  state::MemoryStore& disk(Partition home) { return *stores_.home(home); }
  StreamWorker& worker() { return *worker_; }
  /// Up to where the engine would delete this home's records of the repartition topic.
  Offset purged_below(Partition home) const { return board_->entry(home).repartition_committed_next.load(); }
  /// What stopped the worker; ok while it runs.
  const Status& failure() const { return failure_; }
  int restores() const { return restored_records_; }

 private:
  class MemoryStores final : public HomeStores {
   public:
    Result<std::shared_ptr<state::CommittedStore>> open_home(Partition home) override;
    Status quarantine_home(Partition home) override;
    std::shared_ptr<state::MemoryStore>& home(Partition home);
    void clear() { stores_.clear(); }

   private:
    std::map<Partition, std::shared_ptr<state::MemoryStore>> stores_;
  };

  void start();
  void settle();
  bool turn();

  const SupplierFactory suppliers_;
  const DriverOptions options_;
  const FakeTopics topics_{kInput, kRepartition, kChangelog};
  FakeLog log_;
  FakeFaults faults_;
  ManualClock clock_;
  MemoryStores stores_;
  std::map<std::pair<std::string, Partition>, Offset> read_next_;
  Status failure_;
  int restored_records_ = 0;

  // One life of the process, in the order of construction.
  std::unique_ptr<FakeOffsets> offsets_;
  std::unique_ptr<FakeChangelogReader> reader_;
  std::unique_ptr<HomeBoard> board_;
  std::unique_ptr<ProcessorSupplier> supplier_;
  std::unique_ptr<TakeQueue> takes_;
  std::unique_ptr<HomeClock> home_clock_;
  std::unique_ptr<StreamWorker> worker_;
  FakeSource* source_ = nullptr;
};

}  // namespace ebc::topology::testing
