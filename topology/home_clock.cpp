#include "topology/home_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ebc::topology {

HomeClock::HomeClock(HomeClockConfig config, HomeBoard& board, LogOffsets& offsets, Advance advance)
    : config_(config), board_(board), offsets_(offsets), advance_(std::move(advance)) {}

Timestamp HomeClock::step(Timestamp now) {
  if (phase_ == Phase::Idle) {
    const Timestamp due = next_tick(now);
    if (now < due) return due;
    if (!start_tick(now)) return now + config_.due_tick;
  }
  if (phase_ == Phase::Inputs) {
    if (!inputs_passed(now)) return now + config_.recheck;
    if (!ask_repartition_ends()) return now + config_.due_tick;
    phase_ = Phase::Repartition;
  }
  if (!repartition_passed()) return now + config_.recheck;
  if (another_round()) return now;
  finish();
  return next_tick(now);
}

Timestamp HomeClock::next_tick(Timestamp now) const {
  Timestamp next = tick_ + config_.idle_tick;
  for (Partition home = 0; home < board_.homes(); ++home) {
    const BoardEntry& entry = board_.entry(home);
    if (entry.epoch.load(std::memory_order_acquire) == 0) continue;
    const Timestamp deadline = timestamp_from_ms(entry.next_punctuation_ms.load(std::memory_order_acquire));
    if (deadline < next) next = deadline + Duration{1};  // the clock has to pass it, not to reach it
  }
  next = std::max(next, tick_ + config_.due_tick);
  return std::min(next, now + config_.idle_tick);  // the host's clock may have been set back
}

bool HomeClock::start_tick(Timestamp now) {
  tick_ = now;
  round_ = 0;
  held_back_.clear();
  homes_.clear();
  for (Partition home = 0; home < board_.homes(); ++home) {
    const BoardEntry& entry = board_.entry(home);
    const std::uint64_t epoch = entry.epoch.load(std::memory_order_acquire);
    if (epoch == 0) continue;
    homes_.push_back({.home = home,
                      .epoch = epoch,
                      .thread = entry.thread.load(std::memory_order_acquire),
                      .clock = timestamp_from_ms(entry.clock_ms.load(std::memory_order_acquire))});
  }
  if (homes_.empty()) return false;
  if (!ask_input_ends()) return false;
  phase_ = Phase::Inputs;
  return true;
}

bool HomeClock::ask_input_ends() {
  auto inputs = offsets_.input_partitions();
  if (!inputs.ok()) return failed(inputs.status());
  std::vector<LogPartition> logs;
  for (Partition p = 0; p < *inputs; ++p) logs.push_back({Channel::Input, p});
  auto ends = offsets_.ends(logs);
  if (!ends.ok()) return failed(ends.status());
  input_ends_ = std::move(*ends);
  asked_ends_ = input_ends_;
  input_passed_.assign(input_ends_.size(), false);
  const auto tracked = std::min(input_ends_.size(), static_cast<std::size_t>(board_.capacity()));
  for (std::size_t i = 0; i < tracked; ++i) {
    board_.entry(static_cast<Partition>(i)).input_end.store(input_ends_[i], std::memory_order_relaxed);
  }
  return true;
}

bool HomeClock::inputs_passed(Timestamp now) {
  std::vector<LogPartition> elsewhere;
  std::optional<Partition> waiting;
  for (std::size_t i = 0; i < input_ends_.size(); ++i) {
    if (input_passed_[i]) continue;
    const auto p = static_cast<Partition>(i);
    const bool held = p < board_.capacity() && board_.entry(p).epoch.load(std::memory_order_acquire) != 0;
    if (!held) {
      elsewhere.push_back({Channel::Input, p});
    } else if (board_.entry(p).input_settled_next.load(std::memory_order_acquire) >= input_ends_[i]) {
      input_passed_[i] = true;
    } else {
      waiting = p;
    }
  }
  if (!elsewhere.empty()) {
    auto committed = offsets_.committed(elsewhere);
    if (!committed.ok()) return failed(committed.status());
    for (std::size_t i = 0; i < elsewhere.size(); ++i) {
      const auto p = static_cast<std::size_t>(elsewhere[i].partition);
      bool passed = (*committed)[i].has_value() && *(*committed)[i] >= input_ends_[p];
      if (!passed && !(*committed)[i].has_value()) {
        const std::array log{elsewhere[i]};
        auto start = offsets_.starts(log);
        if (!start.ok()) return failed(start.status());
        passed = (*start)[0] >= input_ends_[p];  // nothing to be read: it needs no offset
      }
      input_passed_[p] = passed;
      if (!passed) waiting = elsewhere[i].partition;
    }
  }
  // Once blamed, a partition stays it until it is read, so that "since when" is the truth.
  if (held_up_by_ && static_cast<std::size_t>(*held_up_by_) < input_passed_.size() &&
      !input_passed_[static_cast<std::size_t>(*held_up_by_)]) {
    waiting = held_up_by_;
  }
  note_held_up(waiting, now);
  if (!waiting) return true;
  pass_over_hanging_transactions(now);
  return false;
}

/// An open transaction holds reading back at its start, the partition's last stable offset. The one that stays there
/// for `foreign_wait` is passed over; a backlog is never given up on. Time in which the broker didn't answer doesn't
/// count: it may only now be ending what it was asked to end.
void HomeClock::pass_over_hanging_transactions(Timestamp now) {
  if (now - tick_ < config_.idle_tick || now - stable_asked_ < config_.idle_tick) return;
  stable_asked_ = now;
  for (std::size_t i = 0; i < input_ends_.size(); ++i) {
    const auto p = static_cast<Partition>(i);
    if (input_passed_[i]) continue;
    auto stable = offsets_.last_stable_offset({Channel::Input, p});
    if (!stable.ok() || *stable >= input_ends_[i]) {
      held_back_.erase(p);
      continue;
    }
    HeldBack& held = held_back_.try_emplace(p, HeldBack{*stable, now}).first->second;
    if (held.at != *stable) held = {*stable, now};
    if (now - held.since >= config_.foreign_wait) input_ends_[i] = *stable;
  }
}

bool HomeClock::still_held(const Ticked& ticked) const {
  return board_.entry(ticked.home).epoch.load(std::memory_order_acquire) == ticked.epoch;
}

bool HomeClock::ask_repartition_ends() {
  std::erase_if(homes_, [this](const Ticked& ticked) { return !still_held(ticked); });
  std::vector<LogPartition> logs;
  for (const Ticked& ticked : homes_) logs.push_back({Channel::Repartition, ticked.home});
  if (logs.empty()) return true;
  auto ends = offsets_.ends(logs);
  if (!ends.ok()) return failed(ends.status());
  for (std::size_t i = 0; i < homes_.size(); ++i) homes_[i].repartition_end = (*ends)[i];
  return true;
}

bool HomeClock::repartition_passed() const {
  return std::all_of(homes_.begin(), homes_.end(), [this](const Ticked& ticked) {
    return !still_held(ticked) ||
           board_.entry(ticked.home).repartition_read_next.load(std::memory_order_acquire) >= ticked.repartition_end;
  });
}

bool HomeClock::another_round() {
  const bool far =
      std::any_of(homes_.begin(), homes_.end(), [this](const Ticked& t) { return tick_ - t.clock > config_.big_step; });
  if (!far || ++round_ >= config_.rounds) return false;
  const std::vector<Offset> before = asked_ends_;
  if (!ask_input_ends()) return false;
  const bool news = asked_ends_ != before;
  if (news) phase_ = Phase::Inputs;
  return news;
}

void HomeClock::finish() {
  phase_ = Phase::Idle;
  for (const Ticked& ticked : homes_) {
    if (still_held(ticked)) advance_(ticked.thread, {ticked.home, ticked.epoch, tick_});
  }
  const std::lock_guard lock(mutex_);
  held_up_by_.reset();
  trouble_.clear();
}

bool HomeClock::failed(const Status& status) {
  const std::lock_guard lock(mutex_);
  trouble_ = status.message();
  return false;
}

void HomeClock::note_held_up(std::optional<Partition> input, Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (input && held_up_by_ != input) held_up_since_ = now;
  held_up_by_ = input;
}

std::optional<std::pair<Partition, Duration>> HomeClock::held_up(Timestamp now) const {
  const std::lock_guard lock(mutex_);
  if (!held_up_by_ || now - held_up_since_ < config_.idle_tick) return std::nullopt;
  return std::pair{*held_up_by_, now - held_up_since_};
}

std::string HomeClock::held_up_by(Timestamp now) const {
  if (const std::lock_guard lock(mutex_); !trouble_.empty()) return trouble_;
  const auto held = held_up(now);
  if (!held) return {};
  return fmt::format("input partition {} has not been read up to its end for {} s", held->first,
                     std::chrono::duration_cast<std::chrono::seconds>(held->second).count());
}

}  // namespace ebc::topology
