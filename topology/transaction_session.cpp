#include "topology/transaction_session.h"

#include <algorithm>

namespace ebc::topology {
namespace {
constexpr Duration kFirstPause{50};
/// Another producer has our name. A new one of ours would put that out in turn: the group is heard first (a few
/// heartbeats), which tells a member whose place was taken.
constexpr Duration kFencedPause{1'500};
constexpr Duration kLongestPause{5'000};
}  // namespace

Status TransactionSession::ensure_sink(RecordSource& source, Timestamp now) {
  if (sink_ && !begun_ && sink_->wants_replacing()) sink_.reset();
  if (sink_) return {};
  if (now < not_before_) return {Verdict::Retry, "pausing before the next producer"};
  if (!opening_) {
    opening_ = factory_(source);
    opening_since_ = now;
    ++rebuilds_;
  }
  if (Status opened = opening_->open(); !opened.ok()) {
    if (opened.verdict() != Verdict::Retry || now - opening_since_ > open_limit_) opening_.reset();
    return opened;
  }
  sink_ = std::move(opening_);
  return {};
}

bool TransactionSession::drop(Timestamp now) {
  // What fails a second time in a row gets a pause and a new sink.
  Duration shortest = kFirstPause;
  if (sink_ && begun_ && pause_.count() == 0) {
    const Status aborted = sink_->abort();
    if (aborted.ok()) {
      reset_counts();
      pause_ = kFirstPause;
      return true;
    }
    if (aborted.verdict() == Verdict::Fenced) shortest = kFencedPause;
  }
  sink_.reset();
  opening_.reset();
  reset_counts();
  pause_ = std::clamp(pause_ * 2, shortest, kLongestPause);
  not_before_ = now + pause_;
  return false;
}

void TransactionSession::reset_counts() {
  begun_ = false;
  begin_failure_ = {};
  outputs_ = rekeyed_ = bytes_ = 0;
}

Status TransactionSession::begin() {
  if (begun_) return begin_failure_;
  if (!sink_) return {Verdict::AbortTransaction, "no producer is open"};
  begun_ = true;
  if (sink_->wants_replacing()) {
    // The caller should have asked for another one; better no transaction than one that a late request may end.
    begin_failure_ = {Verdict::AbortTransaction, "a late commit request may be under way; the producer is replaced"};
    return begin_failure_;
  }
  begin_failure_ = sink_->begin();
  return begin_failure_;
}

void TransactionSession::produce(const SinkRecord& record) {
  ++outputs_;
  produce_changelog(record);
}

void TransactionSession::rekey(const SinkRecord& record) {
  ++rekeyed_;
  ++outputs_;
  if (begin_with(record)) sink_->rekey(record);
}

void TransactionSession::produce_changelog(const SinkRecord& record) {
  if (begin_with(record)) sink_->produce(record);
}

bool TransactionSession::begin_with(const SinkRecord& record) {
  if (!begin().ok()) return false;
  bytes_ += record.key.value_or("").size() + record.value.value_or("").size();
  return true;
}

Status TransactionSession::settle_outputs() {
  EBC_TRY(begin_failure_);
  return sink_->settle_outputs();
}

Status TransactionSession::commit(std::span<const LogPosition> positions, const Membership& membership) {
  EBC_TRY(begin_failure_);
  return sink_->commit(positions, membership);
}

Status TransactionSession::finish(std::span<const LogPosition> positions) {
  Status finished = sink_->finish(positions);
  reset_counts();
  pause_ = Duration{0};
  return finished;
}

}  // namespace ebc::topology
