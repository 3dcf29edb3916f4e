// The open transaction of a stream thread: begun with the first record written, replaced when it can't be trusted.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "topology/sink.h"

namespace ebc::topology {

/// One thread. Knows how much is waiting, not what it means.
class TransactionSession {
 public:
  /// A sink that isn't open after `open_limit` is given up for a new one.
  explicit TransactionSession(SinkFactory factory, Duration open_limit = Duration{60'000})
      : factory_(std::move(factory)), open_limit_(open_limit) {}

  /// A sink that may begin: made and opened when there is none, replaced when a late commit request may still be under
  /// way. Retry until Kafka answers, after a growing pause. Only while nothing is begun.
  Status ensure_sink(RecordSource& source, Timestamp now);
  bool has_sink() const { return sink_ != nullptr; }
  /// Sinks made so far.
  std::uint64_t rebuilds() const { return rebuilds_; }

  /// Begins when needed. An error is kept for the commit.
  void produce(const SinkRecord& record);
  /// ProcessorContext::accepts.
  bool accepts(std::string_view topic, std::size_t bytes) { return !sink_ || sink_->accepts(topic, bytes); }
  /// As produce(), for a record that hops to its home.
  void rekey(const SinkRecord& record);

  bool begun() const { return begun_; }
  /// Somebody waits for the commit: a re-keyed record, or an outcome or a dead letter that isn't seen before.
  bool outputs_waiting() const { return sink_ && (sink_->outputs_wait() ? outputs_ : rekeyed_) > 0; }
  /// Sink::send_now, when there is something.
  void send_now() {
    if (outputs_ > 0 && sink_) sink_->send_now();
  }
  bool rekeyed_waiting() const { return rekeyed_ > 0; }
  std::size_t bytes() const { return bytes_; }

  // The steps of a commit, in this order (sink.h). The first failure leaves the session to be dropped.
  Status begin();
  Status settle_outputs();
  void produce_changelog(const SinkRecord& record);
  Status commit(std::span<const LogPosition> positions, const Membership& membership);
  std::optional<Offset> delivered_offset(int tag) const { return sink_->delivered_offset(tag); }
  Status finish(std::span<const LogPosition> positions);

  /// Ends the transaction, where the sink can, and returns true: nothing of it counts, for certain. Else leaves it to
  /// its fate and returns false: the next sink's opening ends it, whatever became of it.
  bool drop(Timestamp now);

 private:
  void reset_counts();
  /// False: it can't be begun, as the commit will say.
  bool begin_with(const SinkRecord& record);

  const SinkFactory factory_;
  const Duration open_limit_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Sink> opening_;
  bool begun_ = false;
  Status begin_failure_;
  std::size_t outputs_ = 0, rekeyed_ = 0, bytes_ = 0;
  std::uint64_t rebuilds_ = 0;
  Timestamp not_before_{}, opening_since_{};
  Duration pause_{0};
};

}  // namespace ebc::topology
