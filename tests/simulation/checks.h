// What must hold in every history: looked at when a transaction is decided, when a store is written, and at the end.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/consumer_group.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/model.h"

namespace ebc::simulation {

class Checks final : public BrokerObserver, public DiskObserver {
 public:
  Checks(Scheduler& scheduler, const Broker& broker, const ConsumerGroup& group, const Faults& faults, int homes,
         Topic output, bool at_least_once);

  // Each one fails the history when it must.
  void on_commit_decided(std::int32_t txn) override;
  void on_offsets_sent(MemberId member, const std::map<TopicPartition, Offset>& offsets) override;
  void on_applied(Partition home, const Disk::Rows& rows, Offset position) override;

  /// Everything is read, committed and resolved: empty; else what isn't.
  std::string unfinished();
  /// At the end: what came out of each group, and what is left over.
  void judge_all(const Workload& workload, const ModelRules& rules);

  std::uint64_t commits() const { return commits_; }
  std::uint64_t outcomes() const { return outcomes_; }

 private:
  /// The changelog of a home, folded as far as it is decided.
  struct Fold {
    Offset next = 0;
    Disk::Rows rows;
  };
  /// Valid until the next call.
  const Disk::Rows& folded_to(Partition home, Offset position);
  void advance(Fold& fold, Partition home, Offset until) const;
  void add(Disk::Rows& rows, const Entry& entry) const;
  bool decided(const Entry& entry) const;
  void check_progress_row(std::int32_t txn, Partition home);
  std::map<std::string, GroupStory> stories(const Workload& workload);

  Scheduler& scheduler_;
  const Broker& broker_;
  const ConsumerGroup& group_;
  const Faults& faults_;
  const Topic output_;
  const bool at_least_once_;                ///< outputs may be repeated
  std::vector<std::array<Fold, 2>> folds_;  ///< by home: one for who runs it, one for who is behind
  Fold between_;
  std::map<TopicPartition, Offset> offsets_;  ///< as decided, marked or not
  std::uint64_t commits_ = 0, outcomes_ = 0;
};

}  // namespace ebc::simulation
