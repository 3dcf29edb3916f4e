#include "topology/home_task.h"

#include <algorithm>

#include "processor/api/commit_listener.h"
#include "state/changelog_codec.h"

namespace ebc::topology {
namespace {
/// How old the clock of an idle home with open deadlines may get in the changelog.
constexpr Duration kClockRowEvery{10'000};
/// Offsets of a log that the group doesn't subscribe to expire on the broker, however alive the group is.
constexpr Duration kOffsetsEvery{std::chrono::hours(1)};
}  // namespace

HomeTask::HomeTask(Taken taken, std::string_view changelog_topic, TransactionSession& session, const Timestamp& now,
                   BoardEntry& board, state::RowCache& rows)
    : home_(taken.partition),
      epoch_(taken.epoch),
      changelog_topic_(changelog_topic),
      session_(session),
      now_(now),
      board_(board),
      store_(std::move(taken.store)),
      cached_(*store_, rows),
      buffer_(cached_),
      progress_(taken.progress),
      committed_(taken.progress),
      settled_next_(taken.progress.input_next),
      restored_(taken.restored),
      commit_at_once_(taken.commit_at_once),
      touched_(taken.commit_at_once) {}

HomeTask::~HomeTask() { board_.let_go(epoch_); }

Status HomeTask::start(std::unique_ptr<Processor> processor) {
  processor_ = std::move(processor);
  EBC_TRY(processor_->init(*this));
  show();
  // Nothing is known to be committed by this holding yet: 0 purges nothing.
  board_.repartition_committed_next.store(0, std::memory_order_release);
  board_.epoch.store(epoch_, std::memory_order_release);
  return {};
}

void HomeTask::forward(const Output& output) {
  touched_ = true;
  session_.produce({.topic = output.topic,
                    .partition = std::nullopt,
                    .key = output.key,
                    .value = output.value,
                    .timestamp = output.timestamp.value_or(now_),
                    .headers = output.headers});
}

Offset HomeTask::next(Channel channel) const {
  return channel == Channel::Input ? progress_.input_next : progress_.repartition_next;
}

Status HomeTask::process(const Fetched& fetched) {
  const Timestamp latest = std::max(progress_.clock, now_);
  EBC_TRY(processor_->process(fetched.record, std::clamp(fetched.record.timestamp, progress_.clock, latest)));
  passed(fetched.log.channel, fetched.offset + 1);
  return {};
}

void HomeTask::passed(Channel channel, Offset offset_next) {
  Offset& next = channel == Channel::Input ? progress_.input_next : progress_.repartition_next;
  if (offset_next <= next) return;
  next = offset_next;
  touched_ = true;
}

void HomeTask::advance_clock(Timestamp clock) {
  progress_.clock = std::max(progress_.clock, clock);
  const Duration row_age = now_ - progress_.written;
  const bool deadlines_open = processor_->next_punctuation() != kNever;
  if (row_age >= kOffsetsEvery || (deadlines_open && row_age >= kClockRowEvery)) touched_ = true;
}

Status HomeTask::punctuate_if_due() {
  if (!punctuation_due()) return {};
  touched_ = true;
  return processor_->punctuate(progress_.clock);
}

void HomeTask::inputs_seen(int inputs) { progress_.inputs_known = std::max(progress_.inputs_known, inputs); }

Status HomeTask::flush() { return processor_->flush(); }

void HomeTask::produce_row(const state::Write& write, int tag) {
  const state::ChangelogRecord record = state::encode_changelog(write, encoded_);
  session_.produce_changelog({.topic = changelog_topic_,
                              .partition = home_,
                              .key = record.key,
                              .value = record.value,
                              .timestamp = now_,
                              .headers = {},
                              .tag = tag});
}

Status HomeTask::write_changelog(int tag) {
  EBC_TRY(buffer_.visit_writes([this](const state::Write& write) {
    produce_row(write, -1);
    return Status{};
  }));
  // The progress row last: its offset, once acknowledged, is the store's position behind all of the others.
  progress_.written = now_;
  const std::string row = encode(progress_);
  buffer_.put(kProgressKey, row);
  produce_row({kProgressKey, row}, tag);
  return {};
}

void HomeTask::collect_positions(std::vector<LogPosition>& positions) const {
  positions.push_back({{Channel::Input, home_}, progress_.input_next});
  positions.push_back({{Channel::Repartition, home_}, progress_.repartition_next});
}

Taken HomeTask::as_committed() const {
  return {.partition = home_,
          .epoch = epoch_,
          .store = store_,
          .progress = committed_,
          .commit_at_once = commit_at_once_,
          .restored = restored_};
}

Status HomeTask::apply(Offset delivered) {
  touched_ = commit_at_once_ = false;
  committed_ = progress_;
  settled_next_ = progress_.input_next;
  if (holds_entry()) {
    board_.repartition_committed_next.store(progress_.repartition_next, std::memory_order_release);
  }
  if (auto* listener = dynamic_cast<CommitListener*>(processor_.get())) listener->committed();
  return buffer_.commit(delivered + 1);
}

void HomeTask::publish(bool rekeyed_pending) {
  if (!rekeyed_pending) settled_next_ = progress_.input_next;
  if (holds_entry()) show();
}

/// Another thread of ours may have the home by now, while this one hasn't learnt yet that it lost it.
bool HomeTask::holds_entry() const { return board_.epoch.load(std::memory_order_acquire) == epoch_; }

void HomeTask::show() {
  board_.input_read_next.store(progress_.input_next, std::memory_order_release);
  board_.input_settled_next.store(settled_next_, std::memory_order_release);
  board_.repartition_read_next.store(progress_.repartition_next, std::memory_order_release);
  board_.next_punctuation_ms.store(to_ms(processor_->next_punctuation()), std::memory_order_release);
  board_.clock_ms.store(to_ms(progress_.clock), std::memory_order_release);
}

}  // namespace ebc::topology
