// The state folder of an instance: committed stores that survive a crash as far as they were flushed.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/faults.h"
#include "tests/simulation/scheduler.h"
#include "topology/home_stores.h"

namespace ebc::simulation {

/// Told what a store holds from now on.
class DiskObserver {
 public:
  virtual ~DiskObserver() = default;
  virtual void on_applied(Partition home, const std::map<std::string, std::string, std::less<>>& rows,
                          Offset position) = 0;
};

class Disk final : public topology::HomeStores, public topology::StandbyStores {
 public:
  using Rows = std::map<std::string, std::string, std::less<>>;

  Disk(Scheduler& scheduler, const Faults& faults, DiskObserver& observer)
      : scheduler_(scheduler), faults_(faults), observer_(observer) {}

  Result<std::shared_ptr<state::CommittedStore>> open_home(Partition home) override;
  Status quarantine_home(Partition home) override;
  Result<std::shared_ptr<state::CommittedStore>> open_standby(Partition home) override;

  /// What was applied since the last flush is gone.
  void crash();
  void flush();
  void lose() { homes_.clear(); }

 private:
  class Store;
  struct Undo {
    std::string key;
    std::optional<std::string> before;
  };
  /// One column family: rows and position as they stand in memory, and how to get back to the flushed ones.
  struct Home {
    Rows rows;
    std::optional<Offset> position;
    std::vector<Undo> undo;
    std::optional<Offset> flushed_position;
    std::uint64_t owner = 0;
    bool damaged = false;
  };

  std::shared_ptr<state::CommittedStore> open(Partition home);
  void flush(Home& home);

  Scheduler& scheduler_;
  const Faults& faults_;
  DiskObserver& observer_;
  std::map<Partition, std::shared_ptr<Home>> homes_;
  std::map<Partition, std::weak_ptr<state::CommittedStore>> held_;  ///< by who runs or takes them
  std::uint64_t last_owner_ = 0;
};

}  // namespace ebc::simulation
