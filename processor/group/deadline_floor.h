// Where the first deadline of a home can lie: for readers, who would else step over the tombstones of all deadlines
// that are gone, one by one, each time they ask what is due next.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "processor/api/types.h"

namespace ebc::group {

/// Of one holding of a home. Any thread: the home's own tells what it commits, readers tell what they found.
class DeadlineFloor {
 public:
  /// What it adds is about to be seen; `earliest` of it.
  void committed(Timestamp earliest) {
    const std::lock_guard lock(mutex_);
    floor_ = std::min(floor_, earliest);
    meanwhile_ = std::min(meanwhile_, earliest);
  }

  /// A look at the committed rows, begun before they are read.
  class Look {
   public:
    explicit Look(DeadlineFloor& floor) : floor_(&floor) {
      const std::lock_guard lock(floor_->mutex_);
      from_ = floor_->floor_;
      first_ = !floor_->looking_;
      if (first_) floor_->looking_ = true, floor_->meanwhile_ = kNever;
    }
    ~Look() {
      if (!first_) return;
      const std::lock_guard lock(floor_->mutex_);
      floor_->looking_ = false;
    }
    Look(const Look&) = delete;
    Look& operator=(const Look&) = delete;

    /// Nothing lies before.
    Timestamp from() const { return from_; }
    /// `first`: the earliest deadline found from there on; kNever: there is none. What was committed while it was
    /// looked for may lie before it.
    void found(Timestamp first) {
      if (!first_) return;
      const std::lock_guard lock(floor_->mutex_);
      floor_->floor_ = std::min(first, floor_->meanwhile_);
    }

   private:
    DeadlineFloor* const floor_;
    Timestamp from_{};
    bool first_ = false;  ///< of several at a time only one may raise the floor
  };

 private:
  std::mutex mutex_;
  Timestamp floor_ = Timestamp::min();  // guarded by mutex_, as all below
  Timestamp meanwhile_ = kNever;        ///< the earliest committed since the look under way began
  bool looking_ = false;
};

/// Of all homes held here. Any thread.
class DeadlineFloors {
 public:
  /// A home is held anew: nothing is known of it.
  std::shared_ptr<DeadlineFloor> renew(Partition home) {
    const std::lock_guard lock(mutex_);
    return floors_[home] = std::make_shared<DeadlineFloor>();
  }
  /// Null: it isn't held. Ask for the rows first, then for this.
  std::shared_ptr<DeadlineFloor> of(Partition home) const {
    const std::lock_guard lock(mutex_);
    const auto found = floors_.find(home);
    return found == floors_.end() ? nullptr : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Partition, std::shared_ptr<DeadlineFloor>> floors_;  // guarded by mutex_
};

}  // namespace ebc::group
