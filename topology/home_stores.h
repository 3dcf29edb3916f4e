// Where the committed stores of the homes come from: RocksDB in production, memory in tests.
#pragma once

#include <memory>
#include <span>

#include "state/committed_store.h"

namespace ebc::topology {

/// Any thread; one home by one thread at a time.
class HomeStores {
 public:
  virtual ~HomeStores() = default;

  /// These are opened soon: what costs less for many at once may be done now. What fails, fails again then.
  virtual void prepare_homes(std::span<const Partition> homes) { (void)homes; }
  /// Opens a home's store for its new owner; whoever held it before can't write any more.
  virtual Result<std::shared_ptr<state::CommittedStore>> open_home(Partition home) = 0;
  /// Sets a damaged store aside; the next open_home() gives an empty one.
  virtual Status quarantine_home(Partition home) = 0;
};

/// Where the stores of homes come from that are only followed. Any thread.
class StandbyStores {
 public:
  virtual ~StandbyStores() = default;

  /// As HomeStores::prepare_homes.
  virtual void prepare_homes(std::span<const Partition> homes) { (void)homes; }
  /// Opens the store of a home that this instance doesn't hold. Whoever takes the home afterwards fences it. Fenced:
  /// the home is held here.
  virtual Result<std::shared_ptr<state::CommittedStore>> open_standby(Partition home) = 0;
};

}  // namespace ebc::topology
