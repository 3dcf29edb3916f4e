#include "tests/simulation/sim_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace ebc::simulation {

using topology::Channel;
using topology::Fetched;
using topology::LogPartition;
using topology::LogPosition;

namespace {

constexpr Duration kBeatEvery{150};

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace

SimSource::SimSource(Scheduler& scheduler, Broker& broker, ConsumerGroup& group, const Faults& faults,
                     ProcessState& process, std::string instance, topology::RebalanceListener& listener)
    : scheduler_(scheduler),
      broker_(broker),
      group_(group),
      faults_(faults),
      process_(process),
      instance_(std::move(instance)),
      listener_(listener) {
  scheduler_.after(Duration{scheduler_.dice().below(20)}, [this, life = life_] {
    if (!life->over) beat();
  });
}

SimSource::~SimSource() {
  life_->over = true;
  if (!closed_) group_.disconnect(member_.id, false);
}

// ---- the client's own threads

void SimSource::beat() {
  if (closed_ || fenced_) return;
  const auto again = [this](Timestamp when) {
    scheduler_.at(when, [this, life = life_] {
      if (!life->over) beat();
    });
  };
  if (process_.frozen_until > scheduler_.now()) return again(process_.frozen_until);
  again(scheduler_.now() + kBeatEvery);
  if (inbox_) take_assignment();
  if (member_.id == 0) {
    if (!joining_ && callbacks_.empty()) send_join();
    return;
  }
  switch (group_.heartbeat(member_.id)) {
    case Beat::Ok:
      return;
    case Beat::Rebalance:
      if (!joining_ && callbacks_.empty()) send_join();
      return;
    case Beat::UnknownMember:
      return put_out();
    case Beat::InstanceFenced:
      fenced_ = true;
      scheduler_.data_arrived();
  }
}

void SimSource::send_join() {
  joining_ = true;
  rejoin_ = false;
  member_.id = group_.join(member_.id, instance_, *this, owned_);
  if (member_.id == ConsumerGroup::kUnknown) return put_out();
  if (member_.id == 0) fenced_ = true;
  if (inbox_) take_assignment();
}

void SimSource::take_assignment() {
  const Assignment assignment = *std::exchange(inbox_, std::nullopt);
  joining_ = false;
  member_.generation = assignment.generation;
  std::set<Partition> revoked, added;
  std::set_difference(owned_.begin(), owned_.end(), assignment.inputs.begin(), assignment.inputs.end(),
                      std::inserter(revoked, revoked.end()));
  std::set_difference(assignment.inputs.begin(), assignment.inputs.end(), owned_.begin(), owned_.end(),
                      std::inserter(added, added.end()));
  if (!revoked.empty()) {
    callbacks_.push_back({Callback::Kind::Revoke, revoked});
    rejoin_ = true;
  }
  if (revoked.empty() || !added.empty()) callbacks_.push_back({Callback::Kind::Assign, added});
  scheduler_.data_arrived();
}

/// The session is over, or the group forgot us. The library doesn't always say that what it revokes is lost.
void SimSource::put_out() {
  member_ = {};
  joining_ = false;
  inbox_.reset();
  callbacks_.clear();
  rejoin_ = true;
  if (!owned_.empty()) {
    callbacks_.push_back({scheduler_.dice().one_in(4) ? Callback::Kind::Revoke : Callback::Kind::Lost, owned_});
  }
  scheduler_.data_arrived();
}

// ---- the application's side

void SimSource::drop(const std::set<Partition>& inputs) {
  for (const Partition input : inputs) {
    owned_.erase(input);
    readings_.erase({Channel::Input, input});
    readings_.erase({Channel::Repartition, input});
  }
}

void SimSource::serve_callbacks() {
  while (!callbacks_.empty()) {
    const Callback callback = callbacks_.front();
    const MemberId told_as = member_;
    const std::vector<Partition> inputs(callback.inputs.begin(), callback.inputs.end());
    if (scheduler_.traced()) {
      scheduler_.trace(fmt::format("member {} {} {}", told_as.id,
                                   callback.kind == Callback::Kind::Assign   ? "is assigned"
                                   : callback.kind == Callback::Kind::Revoke ? "gives up"
                                                                             : "has lost",
                                   fmt::join(inputs, ",")));
    }
    in_callback_ = true;
    tell(callback, inputs);
    in_callback_ = false;
    if (callback.kind == Callback::Kind::Assign) {
      owned_.insert(inputs.begin(), inputs.end());
    } else {
      drop(callback.inputs);
    }
    if (callback.kind == Callback::Kind::Revoke) group_.released(told_as.id, callback.inputs);
    // Put out while the callback ran: what is queued by now says so.
    if (!callbacks_.empty() && member_.id == told_as.id) callbacks_.pop_front();
    if (member_.id != told_as.id) {
      for (Callback& later : callbacks_) {
        std::erase_if(later.inputs, [&](Partition p) { return !owned_.contains(p); });
      }
      std::erase_if(callbacks_, [](const Callback& later) { return later.inputs.empty(); });
    }
  }
  if (rejoin_ && !joining_ && !fenced_) send_join();
}

void SimSource::tell(const Callback& callback, const std::vector<Partition>& inputs) {
  switch (callback.kind) {
    case Callback::Kind::Assign:
      return listener_.on_assigned(inputs);
    case Callback::Kind::Revoke:
      return listener_.on_revoked(inputs);
    case Callback::Kind::Lost:
      return listener_.on_lost(inputs);
  }
}

/// The client would take it for the answer to the rebalance, and the callback's own for a second one.
void SimSource::only_outside_of_callbacks() {
  if (in_callback_) scheduler_.fail("the assignment is changed inside a rebalance callback");
}

Result<topology::Batch> SimSource::poll(Duration wait) {
  records_.clear();
  headers_.clear();
  ends_.clear();
  broken_.clear();
  polling_ = scheduler_.current();
  Dice& dice = scheduler_.dice();
  scheduler_.sleep_until(scheduler_.now() + Duration{dice.one_in(4) ? 1 : 0});
  scheduler_.step();
  if (fenced_) return Status(Verdict::Fenced, "another process has this member's name");
  const bool callbacks_first = dice.one_in(2);
  if (callbacks_first) serve_callbacks();
  const Timestamp until = scheduler_.now() + wait;
  for (;;) {
    // Nobody changes the assignment while this thread is here.
    for (auto& [log, reading] : readings_) fetch(log, reading);
    if (!records_.empty() || !ends_.empty() || !broken_.empty() || !callbacks_.empty() || fenced_) break;
    if (scheduler_.now() >= until) break;
    scheduler_.wait_for_data(until);
    if (process_.dying) break;
    if (scheduler_.now() < until && dice.one_in(3)) break;  // woken, by whatever
  }
  if (!callbacks_first) serve_callbacks();
  return topology::Batch{records_, ends_, broken_};
}

void SimSource::fetch(LogPartition log, Reading& reading) {
  Dice& dice = scheduler_.dice();
  if (reading.stalled_until > scheduler_.now()) return;
  if (dice.percent(faults_.partition_stalls)) {
    reading.stalled_until = scheduler_.now() + Duration{dice.below(dice.one_in(10) ? 1'500 : 100)};
    return;
  }
  const TopicPartition partition = at(log);
  const PartitionLog& kept = broker_.log(partition);
  if (reading.next < kept.start) {
    broken_.push_back(log);
    return;
  }
  const Offset stable = broker_.last_stable(partition);
  if (reading.next >= stable && reading.told_end == stable) return;
  if (dice.percent(faults_.redelivered)) reading.next = std::max(kept.start, reading.next - 1 - dice.below(4));
  const int most = 1 + dice.below(12);
  int taken = 0;
  for (; reading.next < stable && taken < most; ++reading.next) {
    const Entry& entry = kept.entries[static_cast<std::size_t>(reading.next)];
    if (!broker_.visible(entry)) continue;
    read(log, reading.next, entry);
    ++taken;
  }
  if (reading.next < stable) return;
  reading.told_end = stable;
  ends_.push_back({log, stable});
}

void SimSource::read(LogPartition log, Offset offset, const Entry& entry) {
  Fetched fetched{.log = log,
                  .offset = offset,
                  .record = {.topic = topic_name(Topic::Input),
                             .partition = log.partition,
                             .offset = offset,
                             .timestamp = entry.timestamp,
                             .key = view(entry.key),
                             .value = view(entry.value),
                             .headers = {}}};
  if (!entry.headers.empty()) {
    std::vector<Header>& headers = headers_.emplace_back();
    for (const auto& [name, value] : entry.headers) {
      if (log.channel != Channel::Repartition || name != topology::kOriginHeader) {
        headers.push_back({name, view(value)});
        continue;
      }
      const char* text = value->data();
      const char* end = text + value->size();
      const char* rest = std::from_chars(text, end, fetched.record.partition).ptr;
      std::from_chars(rest + 1, end, fetched.record.offset);
    }
    fetched.record.headers = headers;
  }
  records_.push_back(fetched);
  if (scheduler_.traced()) {
    scheduler_.trace(fmt::format("reads {} {}/{}", topic_name(topic_of(log.channel)), log.partition, offset));
  }
}

Status SimSource::assign(std::span<const LogPosition> positions) {
  only_outside_of_callbacks();
  for (const LogPosition& position : positions) {
    if (!owned_.contains(position.log.partition)) scheduler_.fail("reads a partition that isn't its own");
    readings_[position.log] = {.next = position.offset_next};
    if (scheduler_.traced()) {
      scheduler_.trace(fmt::format("reads {} {} from {}", topic_name(topic_of(position.log.channel)),
                                   position.log.partition, position.offset_next));
    }
  }
  return {};
}

Status SimSource::stop(std::span<const LogPartition> logs) {
  for (const LogPartition& log : logs) readings_.erase(log);
  return {};
}

std::unique_ptr<topology::Membership> SimSource::membership() { return std::make_unique<SimMembership>(member_); }

void SimSource::close(bool leave, Duration) {
  scheduler_.step();
  if (!owned_.empty()) {
    const std::vector<Partition> inputs(owned_.begin(), owned_.end());
    const std::set<Partition> owned = owned_;
    listener_.on_revoked(inputs);
    drop(owned);
    if (leave || instance_.empty()) group_.released(member_.id, owned);
  }
  scheduler_.step();
  closed_ = true;
  if (member_.id != 0) group_.disconnect(member_.id, leave || instance_.empty());
}

void SimSource::wake() {
  if (polling_ != 0) scheduler_.wake(polling_);
}

}  // namespace ebc::simulation
