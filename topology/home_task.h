// One running home: its processor over its buffered state, and how far it has read. The unit that moves between threads
// and instances.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "processor/api/processor.h"
#include "state/cached_store.h"
#include "state/transaction_buffer.h"
#include "topology/home_board.h"
#include "topology/source.h"
#include "topology/transaction_session.h"
#include "topology/worker_message.h"

namespace ebc::topology {

/// Used by its stream thread only. Any failure but one of apply() means that the transaction can't be committed.
class HomeTask final : public ProcessorContext {
 public:
  /// `now` is the thread's clock reading of the current turn and outlives the task, as do session, board and the
  /// thread's cache of rows.
  HomeTask(Taken taken, std::string_view changelog_topic, TransactionSession& session, const Timestamp& now,
           BoardEntry& board, state::RowCache& rows);
  ~HomeTask() override;

  Status start(std::unique_ptr<Processor> processor);

  // ProcessorContext.
  Partition home() const override { return home_; }
  KeyValueStore& store() override { return buffer_; }
  void forward(const Output& output) override;
  bool accepts(std::string_view topic, std::size_t bytes) override { return session_.accepts(topic, bytes); }
  Timestamp now() const override { return now_; }
  Timestamp clock() const override { return progress_.clock; }

  std::uint64_t epoch() const { return epoch_; }
  Offset next(Channel channel) const;
  std::int64_t restored() const { return restored_; }
  /// The home as it was taken or, if later, as of its last commit: what a new task goes on from when everything since
  /// is known not to count. Only while the store is not behind that commit.
  Taken as_committed() const;

  Status process(const Fetched& fetched);
  /// Everything of `channel` before `offset_next` has been dealt with. Never goes back.
  void passed(Channel channel, Offset offset_next);
  void advance_clock(Timestamp clock);
  Status punctuate_if_due();
  bool punctuation_due() const { return progress_.clock > processor_->next_punctuation(); }
  void inputs_seen(int inputs);
  int inputs_known() const { return progress_.inputs_known; }

  /// Something happened that the next commit must carry.
  bool touched() const { return touched_; }
  std::size_t unflushed_bytes() const { return processor_->unflushed_bytes() + buffer_.bytes(); }

  // A commit, in this order.
  Status flush();
  Status write_changelog(int tag);
  void collect_positions(std::vector<LogPosition>& positions) const;
  /// Makes the committed transaction local state. `delivered` is the changelog offset of the progress row.
  Status apply(Offset delivered);

  /// Shows the clock's thread how far we are. `rekeyed_pending`: the open transaction holds re-keyed records.
  void publish(bool rekeyed_pending);

 private:
  void produce_row(const state::Write& write, int tag);
  bool holds_entry() const;
  void show();

  const Partition home_;
  const std::uint64_t epoch_;
  const std::string_view changelog_topic_;
  TransactionSession& session_;
  const Timestamp& now_;
  BoardEntry& board_;
  const std::shared_ptr<state::CommittedStore> store_;
  state::CachedStore cached_;
  state::TransactionBuffer buffer_;
  std::unique_ptr<Processor> processor_;
  Progress progress_, committed_;
  Offset settled_next_;
  const std::int64_t restored_;
  bool commit_at_once_;  ///< nothing was committed yet, and something should be
  bool touched_;
  std::string encoded_;
};

}  // namespace ebc::topology
