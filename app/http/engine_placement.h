// The engine as the API sees it.
#pragma once

#include <chrono>
#include <mutex>

#include "app/http/placement.h"
#include "topology/engine.h"

namespace ebc::app {

/// Any thread.
class EnginePlacement final : public Placement {
 public:
  /// The engine outlives this. `session_timeout`: how long a process may stand still before its homes can be others'.
  EnginePlacement(const topology::Engine& engine, Duration session_timeout)
      : engine_(engine), session_timeout_(session_timeout) {}

  int homes() const override;
  Partition home_of(std::string_view group) const override;
  std::vector<Member> members() const override;
  std::optional<Member> owner_of(Partition home) const override;
  std::shared_ptr<const state::CommittedStore> store(Partition home) const override;
  Timestamp clock_of(Partition home) const override;
  std::vector<Partition> own_homes() const override;
  std::string why_homeless(Partition home) const override;

  /// To be called several times a second for as long as the process runs: so it notices that it stood still. Then
  /// others may have taken its homes without its knowing yet, and it answers for none until it must have heard.
  void beat();

 private:
  std::shared_ptr<const topology::EngineSnapshot> snapshot() const;

  const topology::Engine& engine_;
  const Duration session_timeout_;

  mutable std::mutex mutex_;
  mutable std::shared_ptr<const topology::EngineSnapshot> snapshot_;  // guarded by mutex_, as all below
  mutable std::chrono::steady_clock::time_point snapshot_taken_;      ///< it is used for a moment
  mutable std::vector<Member> members_;                               ///< as the snapshot, for a moment
  mutable std::chrono::steady_clock::time_point members_taken_;
  std::chrono::steady_clock::time_point beat_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point unsure_until_{};
};

}  // namespace ebc::app
