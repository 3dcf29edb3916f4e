#include "topology/at_least_once_sink.h"

#include <utility>

namespace ebc::topology {

Status AtLeastOnceSink::open() {
  EBC_TRY(outputs_->open());
  return state_->open();
}

Status AtLeastOnceSink::begin() {
  settled_ = begun_ = {};
  outputs_over_ = state_begun_ = false;
  return outputs_->begin();
}

Status AtLeastOnceSink::begin_state() {
  if (!std::exchange(state_begun_, true)) begun_ = state_->begin();
  return begun_;
}

void AtLeastOnceSink::produce(const SinkRecord& record) { (outputs_over_ ? state_ : outputs_)->produce(record); }

void AtLeastOnceSink::rekey(const SinkRecord& record) {
  if (begin_state().ok()) state_->rekey(record);
}

Status AtLeastOnceSink::settle_outputs() {
  settled_ = outputs_->settle_outputs();
  EBC_TRY(settled_);
  outputs_over_ = true;
  return begin_state();
}

Status AtLeastOnceSink::commit(std::span<const LogPosition> positions, const Membership& membership) {
  return state_->commit(positions, membership);
}

std::optional<Offset> AtLeastOnceSink::delivered_offset(int tag) const { return state_->delivered_offset(tag); }

Status AtLeastOnceSink::abort() {
  // A producer that could not send something is of no more use.
  if (!settled_.ok()) return {Verdict::AbortTransaction, settled_.message()};
  // Nothing of the state was even begun.
  if (!state_begun_) return {};
  return state_->abort();
}

}  // namespace ebc::topology
