#include "tests/simulation/sim_sink.h"

#include <fmt/format.h>

#include "tests/simulation/sim_source.h"
#include "topology/murmur2.h"

namespace ebc::simulation {

using topology::LogPosition;

namespace {

std::optional<std::string> copy(const std::optional<std::string_view>& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

Waiting Waiting::of(const topology::SinkRecord& record, const Broker& broker) {
  const Topic topic = topic_of(record.topic);
  const int partitions = broker.partitions(topic);
  const Partition partition = record.partition.value_or(record.key ? topology::home_of(*record.key, partitions) : 0);
  Waiting waiting{{topic, partition},
                  {.key = copy(record.key), .value = copy(record.value), .headers = {}, .timestamp = record.timestamp},
                  record.tag};
  for (const Header& header : record.headers) waiting.entry.headers.emplace_back(header.name, copy(header.value));
  return waiting;
}

Status SimSink::failed(Answer answer, const char* what) const {
  switch (answer) {
    case Answer::Ok:
      return {};
    case Answer::Busy:
      return {Verdict::Retry, fmt::format("{}: the transaction before isn't over", what)};
    case Answer::NoTransaction:
      return {Verdict::AbortTransaction, fmt::format("{}: no such transaction", what)};
    case Answer::ProducerFenced:
      return {Verdict::Fenced, fmt::format("{}: a newer producer has come", what)};
    case Answer::IllegalGeneration:
    case Answer::UnknownMember:
    case Answer::InstanceFenced:
      return {Verdict::Fenced, fmt::format("{}: not a member of this generation", what)};
  }
  return {};
}

Status SimSink::open() {
  scheduler_.step();
  const Answer answer = broker_.init_producer(name_, id_);
  scheduler_.step();
  if (answer == Answer::Ok && scheduler_.traced()) {
    scheduler_.trace(fmt::format("producer {} of {}, epoch {}", id_.producer, name_, id_.epoch));
  }
  return failed(answer, "start of the producer");
}

Status SimSink::begin() {
  waiting_.clear();
  sent_ = 0;
  delivered_.clear();
  produce_failure_ = {};
  suspect_ = known_ = deciding_ = false;
  return {};
}

void SimSink::produce(const topology::SinkRecord& record) {
  waiting_.push_back(Waiting::of(record, broker_));
  if (scheduler_.dice().one_in(6)) {
    scheduler_.step();
    if (Status sent = send(1); !sent.ok() && produce_failure_.ok()) produce_failure_ = std::move(sent);
  }
}

SimSink::Way SimSink::throw_way() {
  Dice& dice = scheduler_.dice();
  if (dice.percent(faults_.request_lost)) return Way::RequestLost;
  if (dice.percent(faults_.answer_lost)) return Way::AnswerLost;
  return Way::Fine;
}

Status SimSink::send(std::size_t most) {
  const std::size_t until = std::min(waiting_.size(), sent_ + most);
  while (sent_ < until) {
    const Waiting& next = waiting_[sent_];
    Offset offset = 0;
    known_ = true;
    const Answer answer = broker_.produce(id_, next.at, next.entry, offset);
    if (answer == Answer::Busy) {
      scheduler_.sleep_until(scheduler_.now() + Duration{2});
      scheduler_.step();
      continue;
    }
    if (answer != Answer::Ok) return failed(answer, "produce");
    if (next.tag >= 0) delivered_[next.tag] = offset;
    if (scheduler_.traced()) {
      scheduler_.trace(fmt::format("writes {} {}/{}{}", topic_name(next.at.topic), next.at.partition, offset,
                                   next.entry.headers.empty()
                                       ? ""
                                       : fmt::format(" {}={}", next.entry.headers.front().first,
                                                     next.entry.headers.front().second.value_or(""))));
    }
    ++sent_;
    if (scheduler_.dice().one_in(4)) scheduler_.step();
  }
  return {};
}

Status SimSink::commit(std::span<const LogPosition> positions, const topology::Membership& membership) {
  std::map<TopicPartition, Offset> offsets;
  for (const LogPosition& position : positions) offsets[at(position.log)] = position.offset_next;
  scheduler_.step();
  // The library sends nothing when there is nothing to send.
  if (!offsets.empty()) EBC_TRY(send_offsets(offsets, dynamic_cast<const SimMembership&>(membership).member()));
  scheduler_.step();
  EBC_TRY(produce_failure_);
  EBC_TRY(send(waiting_.size()));
  scheduler_.step();
  deciding_ = true;
  return end_transaction(true);
}

Status SimSink::abort() {
  if (deciding_) return {Verdict::AbortTransaction, "a commit was asked for"};
  waiting_.clear();
  scheduler_.step();
  // The library sends nothing when the broker can't know of it.
  return known_ ? end_transaction(false) : Status{};
}

Status SimSink::send_offsets(const std::map<TopicPartition, Offset>& offsets, MemberId member) {
  Dice& dice = scheduler_.dice();
  known_ = true;
  for (;;) {
    if (dice.percent(faults_.offsets_refused)) return {Verdict::AbortTransaction, "offsets: refused, may be aborted"};
    const Way way = throw_way();
    Answer answer = Answer::Busy;
    if (way != Way::RequestLost) answer = broker_.send_offsets(id_, member, offsets);
    scheduler_.step();
    if (way == Way::Fine && answer != Answer::Busy) return failed(answer, "offsets");
    if (way != Way::Fine) {
      suspect_ = true;
      if (dice.percent(faults_.late_copy)) {
        scheduler_.after(Duration{dice.below(60)},
                         [&broker = broker_, id = id_, offsets] { broker.late_offsets(id, offsets); });
      }
    }
    scheduler_.sleep_until(scheduler_.now() + Duration{2});
    scheduler_.step();
  }
}

Status SimSink::end_transaction(bool commit) {
  Dice& dice = scheduler_.dice();
  const char* const what = commit ? "commit" : "abort";
  const auto late_copy = [&] {
    if (!dice.percent(faults_.late_copy)) return;
    scheduler_.after(Duration{dice.below(60)}, [&scheduler = scheduler_, &broker = broker_, id = id_, commit, what] {
      if (scheduler.traced()) scheduler.trace(fmt::format("late copy: {} of producer {}", what, id.producer));
      (void)broker.end_transaction(id, commit);
    });
  };
  if (dice.percent(faults_.commit_unknown)) {
    const int arrives = dice.below(3);
    if (arrives == 1) (void)broker_.end_transaction(id_, commit);
    if (arrives == 2) late_copy();
    scheduler_.sleep_until(scheduler_.now() + Duration{dice.below(50)});
    scheduler_.step();
    return {Verdict::AbortTransaction, fmt::format("{}: what became of the transaction isn't known", what)};
  }
  for (;;) {
    const Way way = throw_way();
    Answer answer = Answer::Busy;
    if (way != Way::RequestLost) answer = broker_.end_transaction(id_, commit);
    scheduler_.step();
    if (way == Way::Fine && answer != Answer::Busy) {
      Status ended = failed(answer, what);
      if (ended.ok() && scheduler_.traced()) scheduler_.trace(fmt::format("{} is answered", what));
      return ended;
    }
    suspect_ = suspect_ || way != Way::Fine;
    if (way != Way::Fine) late_copy();
    scheduler_.sleep_until(scheduler_.now() + Duration{2});
    scheduler_.step();
  }
}

std::optional<Offset> SimSink::delivered_offset(int tag) const {
  const auto it = delivered_.find(tag);
  return it == delivered_.end() ? std::nullopt : std::optional(it->second);
}

// ---- without transactions

/// The first ones of what was not acknowledged may be on the network.
SimPlainSink::~SimPlainSink() {
  if (waiting_.empty() || !scheduler_.dice().percent(faults_.late_copy)) return;
  waiting_.resize(1 + static_cast<std::size_t>(scheduler_.dice().below(static_cast<int>(waiting_.size()))));
  scheduler_.after(Duration{scheduler_.dice().below(60)}, [&broker = broker_, late = std::move(waiting_)] {
    for (const Waiting& record : late) broker.append(record.at, record.entry);
  });
}

Status SimPlainSink::begin() {
  delivered_.clear();
  return {};
}

void SimPlainSink::produce(const topology::SinkRecord& record) {
  waiting_.push_back(Waiting::of(record, broker_));
  if (scheduler_.dice().one_in(6)) {
    scheduler_.step();
    send_first();
  }
}

void SimPlainSink::send_now() {
  while (!waiting_.empty() && !scheduler_.dice().one_in(4)) {
    scheduler_.step();
    send_first();
  }
}

Status SimPlainSink::settle_outputs() {
  if (scheduler_.dice().percent(faults_.commit_unknown)) {
    scheduler_.step();
    return {Verdict::AbortTransaction, "records were not acknowledged in time"};
  }
  while (!waiting_.empty()) {
    scheduler_.step();
    send_first();
  }
  scheduler_.step();
  return {};
}

void SimPlainSink::send_first() {
  const Waiting first = std::move(waiting_.front());
  waiting_.pop_front();
  const Offset offset = broker_.append(first.at, first.entry);
  if (first.tag >= 0) delivered_[first.tag] = offset;
  if (scheduler_.traced()) {
    scheduler_.trace(fmt::format("sends {} {}/{}", topic_name(first.at.topic), first.at.partition, offset));
  }
}

std::optional<Offset> SimPlainSink::delivered_offset(int tag) const {
  const auto it = delivered_.find(tag);
  return it == delivered_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace ebc::simulation
