// Who holds which home, and our own homes' committed rows: what the API knows of the engine and of the other instances.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "processor/api/types.h"
#include "state/committed_store.h"

namespace ebc::app {

struct HomeStatus {
  Partition home = 0;
  std::string state = {};  ///< taking, restoring, running, standby
  std::string waiting_for = {};
  std::int64_t restored = 0, restore_lag = 0, input_lag = 0;
  Timestamp clock{};  ///< of a running one: everything that was in the inputs by then has been read
};

struct Member {
  std::string id = {}, http = {}, version = {};
  std::vector<Partition> partitions = {}, homes = {}, standbys = {};
  std::vector<HomeStatus> details = {};
  bool self = false;
};

/// Any thread, and never slow.
class Placement {
 public:
  virtual ~Placement() = default;
  /// M; 0 until the engine knows.
  virtual int homes() const = 0;
  virtual Partition home_of(std::string_view group) const = 0;
  /// Live instances, ourselves among them.
  virtual std::vector<Member> members() const = 0;
  /// The one live instance that runs the home, as far as is known; not ourselves.
  virtual std::optional<Member> owner_of(Partition home) const = 0;
  /// Null when the home doesn't run here, or it isn't sure that it still does.
  virtual std::shared_ptr<const state::CommittedStore> store(Partition home) const = 0;
  /// Of a home that runs here.
  virtual Timestamp clock_of(Partition home) const = 0;
  /// Homes that run here.
  virtual std::vector<Partition> own_homes() const = 0;
  /// Why a home that nobody is known to run isn't run, in words.
  virtual std::string why_homeless(Partition home) const = 0;
};

}  // namespace ebc::app
