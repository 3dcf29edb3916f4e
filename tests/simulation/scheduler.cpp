#include "tests/simulation/scheduler.h"

#include <fmt/format.h>

#include <algorithm>

namespace ebc::simulation {

Scheduler::~Scheduler() {
  for (auto& [id, actor] : actors_) {
    actor.process->dying = true;
    actor.fiber->kill();
  }
}

Scheduler::ActorId Scheduler::spawn(std::string name, ProcessState& process, std::function<void()> body) {
  const ActorId id = ++last_actor_;
  actors_[id] = {std::move(name), &process, std::make_unique<Fiber>(std::move(body)), now_, false};
  return id;
}

void Scheduler::at(Timestamp when, std::function<void()> event) {
  // Events of one time happen in any order.
  events_.emplace(std::pair(std::max(when, now_), dice_.below(1'000'000)), std::move(event));
}

void Scheduler::step() {
  Actor& actor = actors_.at(current_);
  ProcessState& process = *actor.process;
  if (process.dying) return;  // what is destroyed takes no step of its own
  ++process.steps;
  if (process.kill_in > 0 && --process.kill_in == 0) {
    if (traced()) trace("killed here");
    process.dying = true;
    throw Killed{};
  }
  if (process.freeze_in > 0 && --process.freeze_in == 0) {
    if (traced()) trace(fmt::format("frozen for {} ms", process.freeze_for.count()));
    process.frozen_until = now_ + process.freeze_for;
  }
  if (process.frozen_until <= now_ && dice_.percent(65)) return;
  const int throw_ = dice_.below(100);
  const int wait = throw_ < 60 ? 0 : throw_ < 92 ? dice_.below(3) : throw_ < 99 ? dice_.below(25) : dice_.below(400);
  sleep_until(now_ + Duration{wait});
}

void Scheduler::sleep_until(Timestamp until) {
  Actor& actor = actors_.at(current_);
  if (actor.process->dying) return;
  actor.wake = until;
  actor.fiber->wait();
}

void Scheduler::wait_for_data(Timestamp until) {
  Actor& actor = actors_.at(current_);
  if (actor.process->dying) return;
  actor.waits_for_data = true;
  actor.wake = until;
  actor.fiber->wait();
}

void Scheduler::wake(ActorId id) {
  const auto it = actors_.find(id);
  if (it != actors_.end()) it->second.wake = std::min(it->second.wake, now_);
}

void Scheduler::data_arrived() {
  for (auto& [id, actor] : actors_) {
    if (std::exchange(actor.waits_for_data, false)) actor.wake = std::min(actor.wake, now_ + Duration{1});
  }
}

void Scheduler::end_actors(const ProcessState& process) {
  for (auto it = actors_.begin(); it != actors_.end();) {
    if (it->second.process != &process) {
      ++it;
      continue;
    }
    it->second.fiber->kill();
    it = actors_.erase(it);
  }
}

bool Scheduler::running(const ProcessState& process) const {
  return std::any_of(actors_.begin(), actors_.end(),
                     [&](const auto& a) { return a.second.process == &process && !a.second.fiber->done(); });
}

Timestamp Scheduler::next_wake() const {
  Timestamp next = kNever;
  for (const auto& [id, actor] : actors_) {
    if (!actor.fiber->done()) next = std::min(next, std::max(actor.wake, actor.process->frozen_until));
  }
  return next;
}

void Scheduler::run_actor(ActorId id) {
  current_ = id;
  Actor& actor = actors_.at(id);
  actor.waits_for_data = false;
  ProcessState& process = *actor.process;
  const bool alive = !process.dying;
  actor.fiber->resume();
  current_ = 0;
  if (alive && process.dying && bury_) bury_(process);
}

void Scheduler::run(Timestamp until) {
  while (failure_.empty()) {
    runnable_.clear();
    for (const auto& [id, actor] : actors_) {
      if (may_run(actor)) runnable_.push_back(id);
    }
    const bool event_due = !events_.empty() && events_.begin()->first.first <= now_;
    const auto choices = static_cast<int>(runnable_.size()) + (event_due ? 1 : 0);
    if (choices == 0) {
      Timestamp next = next_wake();
      if (!events_.empty()) next = std::min(next, events_.begin()->first.first);
      if (next > until) {
        now_ = until;
        return;
      }
      now_ = std::max(now_, next);
      continue;
    }
    ++steps_;
    const int choice = dice_.below(choices);
    note(static_cast<std::uint64_t>(choice) << 40 ^ static_cast<std::uint64_t>(to_ms(now_)));
    if (choice < static_cast<int>(runnable_.size())) {
      run_actor(runnable_[static_cast<std::size_t>(choice)]);
    } else {
      auto event = events_.extract(events_.begin());
      event.mapped()();
    }
    // Others are slow now and then: time goes on although somebody could.
    if (dice_.one_in(16)) now_ += Duration{1};
    if (now_ > until) return;
  }
}

void Scheduler::fail(std::string what) {
  if (failure_.empty()) failure_ = std::move(what);
  trace("FAILED: " + failure_);
}

void Scheduler::trace(std::string_view line) {
  if (!trace_) return;
  const auto it = actors_.find(current_);
  trace_(fmt::format("{:>7} {:<14} {}", (now_ - start_).count(), it == actors_.end() ? "-" : it->second.name, line));
}

}  // namespace ebc::simulation
