// Questions about offsets, and the reading of changelogs, over the simulated broker.
#pragma once

#include <map>

#include "tests/simulation/broker.h"
#include "tests/simulation/faults.h"
#include "topology/changelog_reader.h"

namespace ebc::simulation {

class SimOffsets final : public topology::LogOffsets {
 public:
  SimOffsets(Scheduler& scheduler, const Broker& broker, const Faults& faults)
      : scheduler_(scheduler), broker_(broker), faults_(faults) {}

  Result<int> input_partitions() override;
  Result<Positions> ends(std::span<const topology::LogPartition> logs) override;
  Result<Positions> starts(std::span<const topology::LogPartition> logs) override;
  Result<Offset> offset_at(topology::LogPartition log, Timestamp time) override;
  Result<Offset> last_stable_offset(topology::LogPartition log) override;
  Result<MaybePositions> stable_committed(std::span<const topology::LogPartition> logs) override;
  Result<MaybePositions> committed(std::span<const topology::LogPartition> logs) override;

 private:
  /// On the way to the broker.
  Status ask();

  Scheduler& scheduler_;
  const Broker& broker_;
  const Faults& faults_;
};

class SimChangelogReader final : public topology::ChangelogReader {
 public:
  SimChangelogReader(Scheduler& scheduler, const Broker& broker, ProcessState& process, bool follows)
      : scheduler_(scheduler), broker_(broker), process_(process), follows_(follows) {}
  Status start(Partition home, Offset from) override;
  void stop(Partition home) override { positions_.erase(home); }
  Status poll(Duration wait, const Visitor& visitor) override;

 private:
  void count_poll();

  Scheduler& scheduler_;
  const Broker& broker_;
  ProcessState& process_;
  const bool follows_;  ///< a standby's, not that of the takes
  Timestamp silent_until_{};
  std::map<Partition, Offset> positions_;
  std::map<Partition, Offset> told_;  ///< ends: once each, as the library does
};

}  // namespace ebc::simulation
