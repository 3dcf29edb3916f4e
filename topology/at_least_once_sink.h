// State exactly once, outputs at least once: the outputs by a sink of their own, seen at once; then, when they are
// acknowledged, the state that follows from them by another one's transaction. Records that hop to their home are in
// it, too: they are not for others to see.
//
// A crash between the two sends outputs again, and never tears state: rows, progress and offsets count together or not
// at all, and a process that was frozen until others took its homes can't commit rows any more.
#pragma once

#include "topology/sink.h"

namespace ebc::topology {

class AtLeastOnceSink final : public Sink {
 public:
  /// Of `outputs` everything up to settle_outputs() is used; `state` makes the commit.
  AtLeastOnceSink(std::unique_ptr<Sink> outputs, std::unique_ptr<Sink> state)
      : outputs_(std::move(outputs)), state_(std::move(state)) {}

  Status open() override;
  Status begin() override;
  void produce(const SinkRecord& record) override;
  /// Begins the transaction.
  void rekey(const SinkRecord& record) override;
  bool accepts(std::string_view topic, std::size_t bytes) override { return outputs_->accepts(topic, bytes); }
  void send_now() override { outputs_->send_now(); }
  bool outputs_wait() const override { return false; }
  /// Begins the transaction, if no hop did: what is produced from here on is state.
  Status settle_outputs() override;
  Status commit(std::span<const LogPosition> positions, const Membership& membership) override;
  std::optional<Offset> delivered_offset(int tag) const override;
  Status finish(std::span<const LogPosition> positions) override { return state_->finish(positions); }
  /// Outputs that were sent stay, and are sent again.
  Status abort() override;
  bool wants_replacing() const override { return state_->wants_replacing(); }

 private:
  Status begin_state();

  const std::unique_ptr<Sink> outputs_, state_;
  // Since begin():
  Status settled_, begun_;
  bool outputs_over_ = false, state_begun_ = false;
};

}  // namespace ebc::topology
