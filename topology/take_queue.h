// The homes being taken, several at a time, over one changelog reader. In production a thread of its own turns it, so
// that restoring never holds up the homes that run.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "processor/api/clock.h"
#include "topology/home_taker.h"
#include "topology/stall_watch.h"
#include "topology/take_home.h"

namespace ebc::topology {

struct TakingSnapshot {
  Partition partition = 0;
  bool restoring = false;
  std::string waiting_for;
  std::int64_t restored = 0;
  std::int64_t restore_lag = 0;
  std::optional<Duration> restore_eta = {};  ///< at the pace so far
  std::optional<Timestamp> unstable_since;   ///< as TakeHome's
};

class TakeQueue final : public HomeTaker {
 public:
  /// Called from turn() when a take has ended, with the thread that asked for it.
  using Reply = std::function<void(int thread, WorkerMessage)>;

  TakeQueue(TakeRules rules, HomeStores& stores, LogOffsets& offsets, ChangelogReader& reader, const Clock& clock,
            Reply reply);

  /// Any thread. A later request for the same partition replaces the earlier one of the same thread.
  void request(TakeRequest request) override;
  /// Any thread. Nothing is replied for this holding afterwards, unless the reply is already on its way.
  void cancel(Partition partition, std::uint64_t epoch) override;
  /// Any thread.
  std::vector<TakingSnapshot> snapshot() const;

  /// One round over all takes; waits up to `wait` for changelog records. One thread.
  void turn(Duration wait);
  /// Homes are being taken. The turning thread.
  bool busy() const { return !takes_.empty(); }
  /// While no home is being taken: waits for a request, `limit` at most.
  void wait_for_work(Duration limit);

 private:
  struct Cancel {
    Partition partition;
    std::uint64_t epoch;
  };
  using Command = std::variant<TakeRequest, Cancel>;

  void prepare(std::span<const Command> commands);
  void obey_commands();
  void start(const TakeRequest& request);
  void start_next(Partition partition);
  void report_progress();
  void renew_when_stalled();
  TakeHome* find(Partition home);

  const TakeRules rules_;
  HomeStores& stores_;
  LogOffsets& offsets_;
  ChangelogReader& reader_;
  const Clock& clock_;
  const Reply reply_;
  ChangelogReader::Visitor visitor_;
  std::map<Partition, std::unique_ptr<TakeHome>> takes_;
  /// Of threads of ours that want a home which is being taken for another one: one of the two has lost it and doesn't
  /// know yet. Not started before that one has ended.
  std::vector<TakeRequest> waiting_;
  Timestamp progress_reported_{};
  StallWatch stall_;

  mutable std::mutex mutex_;
  std::condition_variable commanded_;
  std::vector<Command> commands_;         // guarded by mutex_
  std::vector<TakingSnapshot> snapshot_;  // guarded by mutex_
};

}  // namespace ebc::topology
