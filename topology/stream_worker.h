// The loop of a stream thread, one turn at a time: poll, route, process, punctuate, commit when due.
//
// Holds the homes of the input partitions that the group gives this thread. It has no thread and no wait of its own but
// the source's poll, so that tests and simulations turn it by hand over a fake log.
//
// A failure is answered in one place, recover(), by what the verdict asks for; everything that can't be proved to be
// committed is dropped, and the homes are taken anew from what is.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "processor/api/clock.h"
#include "processor/api/processor.h"
#include "topology/activity_times.h"
#include "topology/batch_order.h"
#include "topology/engine_config.h"
#include "topology/home_board.h"
#include "topology/home_taker.h"
#include "topology/home_task.h"
#include "topology/mailbox.h"
#include "topology/transaction_session.h"

namespace ebc::topology {

/// Counters of one thread; written by it, read by any.
struct WorkerCounters {
  std::atomic<std::uint64_t> records{0}, rekeyed{0}, commits{0}, failed_commits{0}, stale_records{0}, restored{0};
  std::atomic<std::uint64_t> quarantined{0};
  std::atomic<std::uint64_t> producers{0};  ///< made so far; the first one is normal
};

struct WorkerConfig {
  int thread = 0;
  std::string changelog_topic, repartition_topic;
  Duration commit_interval{100};
  std::size_t buffer_bytes = 32u << 20;
  std::size_t buffer_records = 125'000;
  std::size_t row_cache_bytes = 40u << 20;
  Duration stall_timeout{60'000};
};

class StreamWorker final : private RebalanceListener {
 public:
  using SourceFactory = std::function<Result<std::unique_ptr<RecordSource>>(RebalanceListener&)>;

  /// Everything given outlives the worker.
  StreamWorker(WorkerConfig config, const Clock& clock, ProcessorSupplier& supplier, HomeTaker& taker, HomeBoard& board,
               SinkFactory make_sink);
  ~StreamWorker() override;

  /// Joins the group through a source that has the worker as its listener. Once, before the first turn.
  Status start(const SourceFactory& make_source);

  /// Drops what is uncommitted and the source, and joins anew: after Fenced, or when the source makes no progress.
  /// Fatal: the source can't be made.
  Status rejoin(const std::string& why, const SourceFactory& make_source, Duration close_limit);

  /// One turn; waits for input no longer than nothing else is due. Fatal or Fenced: the thread must stop (Fenced:
  /// another process has our identity; or rejoin()). Anything less is dealt with inside.
  Status turn();

  /// Commits what is uncommitted, due or not. As turn().
  Status commit_now();

  /// Commits what is done, gives the partitions back and leaves (or, with `leave` false, keeps them for the session).
  void close(bool leave, Duration limit);

  Mailbox<WorkerMessage>& mailbox() { return mailbox_; }
  /// Any thread.
  void wake();
  const WorkerCounters& counters() const { return counters_; }
  /// Any thread.
  const ActivityTimes& times() const { return times_; }
  std::uint64_t producers_made() const { return counters_.producers.load(); }
  /// Any thread: the group has answered this member at least once.
  bool joined() const { return joined_.load(std::memory_order_acquire); }
  /// Any thread: input partitions assigned, and of these the ones that are not running yet.
  std::pair<int, int> assigned_and_waiting() const;
  /// Any thread: input partitions assigned, whether running or not.
  std::vector<Partition> assigned() const;
  struct RunningHome {
    Partition home = 0;
    std::int64_t restored = 0;  ///< changelog records replayed when it was taken
  };
  /// Any thread: homes running here.
  std::vector<RunningHome> running() const;
  /// After a Fatal turn: because what is stored can't be read by this program.
  bool state_unreadable() const { return state_unreadable_; }
  /// Any thread: why the thread makes no progress; empty when it does.
  std::string trouble() const;
  /// Any thread: what Kafka denied the thread and hasn't allowed since (denies_a_right()); empty when nothing.
  std::string denial() const;

 private:
  /// An input partition that has no home: added to the topic later, it only routes.
  struct RouteOnly {
    std::uint64_t epoch = 0;
    Offset next = 0;
    Offset settled_next = 0;
    Offset committed_next = 0;  ///< or where it was taken
    bool commit_at_once = false;
    int inputs_known = 0;  ///< input partitions that have offsets once this one has
    bool touched = false;
  };

  void on_assigned(std::span<const Partition> inputs) override;
  void on_revoked(std::span<const Partition> inputs) override;
  void on_lost(std::span<const Partition> inputs) override;

  Status process(const Batch& batch);
  Status renew_sink();
  Status handle(const Fetched& fetched);
  Status handle_input(const Fetched& fetched);
  void rekey(const Fetched& fetched, Partition home);
  void passed(LogPartition log, Offset offset_next);

  Status read_mailbox();
  Status start_taken(Taken taken);
  Status run_home(Taken taken);
  Status run_route(const Taken& taken);
  Status request_takes();
  Status blame(const HomeTask& task, Status status);
  Status punctuate();

  bool anything_to_commit() const;
  bool commit_due(bool input_at_hand) const;
  void note_backlog(const Batch& batch);
  Duration commit_interval() const;
  Status commit();
  Status commit_steps();
  Status flush_and_write(std::vector<HomeTask*>& homes);
  void apply(const std::vector<HomeTask*>& homes);
  Duration wait_after(bool input_at_hand) const;
  Duration commit_gap() const;
  bool homes_empty() const;
  void set_trouble(std::string trouble);
  void note_denial(const Status& status);
  void publish_denial();

  void give_up(Partition input);
  void release(Partition input);
  void retake(Partition home, const Status& why);
  void stop_reading(std::span<const LogPartition> logs);
  bool drop_uncommitted(const Status& why);
  void take_all_anew();
  void reset(const Status& why);
  void rewind();
  Status recover(Status status);
  void publish();
  HomeTask* home(Partition p) {
    return static_cast<std::size_t>(p) < homes_.size() ? homes_[static_cast<std::size_t>(p)].get() : nullptr;
  }

  const WorkerConfig config_;
  const Clock& clock_;
  ProcessorSupplier& supplier_;
  HomeTaker& taker_;
  HomeBoard& board_;
  std::mutex source_mutex_;               ///< of wake() against the source's replacement
  std::unique_ptr<RecordSource> source_;  ///< replaced under source_mutex_, by our thread
  TransactionSession session_;
  Mailbox<WorkerMessage> mailbox_;

  Timestamp now_{};
  std::map<Partition, std::uint64_t> assigned_;   ///< value: epoch of the take under way, 0 when none is
  state::RowCache rows_;                          ///< of all homes
  std::vector<std::unique_ptr<HomeTask>> homes_;  ///< by home; null where not running here
  std::map<Partition, RouteOnly> routes_;
  std::vector<Partition> quarantine_;  ///< homes whose next take must not trust the disk
  BatchOrder order_;
  std::vector<Header> headers_;
  std::string hop_header_;
  std::size_t records_since_commit_ = 0;
  bool backlog_ = false;  ///< what was read last is old, and more is at hand
  std::optional<Timestamp> first_uncommitted_;
  Timestamp commit_ended_{};
  Duration commit_usually_takes_{0};
  Duration wait_{0};
  Status rebalance_failure_;
  std::string commit_denied_;  ///< until the next commit
  bool ownership_changed_ = false;
  bool answered_ = false;  ///< the consumer group has assigned something, be it nothing
  bool closing_ = false;
  bool state_unreadable_ = false;

  WorkerCounters counters_;
  ActivityTimes times_;
  std::atomic<bool> joined_{false};
  mutable std::mutex status_mutex_;
  std::vector<Partition> assigned_inputs_;      // guarded by status_mutex_
  int assigned_count_ = 0, waiting_count_ = 0;  // guarded by status_mutex_
  std::vector<RunningHome> running_;            // guarded by status_mutex_
  std::string trouble_;                         // guarded by status_mutex_
  std::string denial_;                          // guarded by status_mutex_
};

}  // namespace ebc::topology
