#include "topology/take_queue.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace ebc::topology {
namespace {
constexpr Duration kProgressEvery{2'000};
}

TakeQueue::TakeQueue(TakeRules rules, HomeStores& stores, LogOffsets& offsets, ChangelogReader& reader,
                     const Clock& clock, Reply reply)
    : rules_(rules),
      stores_(stores),
      offsets_(offsets),
      reader_(reader),
      clock_(clock),
      reply_(std::move(reply)),
      stall_(rules.stall_timeout) {
  visitor_.record = [this](Partition home, Offset offset, std::optional<std::string_view> key,
                           std::optional<std::string_view> value) {
    if (TakeHome* take = find(home)) take->on_record(offset, key, value, clock_.now());
  };
  visitor_.end = [this](Partition home, Offset offset_next) {
    if (TakeHome* take = find(home)) take->on_end(offset_next, clock_.now());
  };
  visitor_.broken = [this](Partition home) {
    if (TakeHome* take = find(home)) take->on_broken();
  };
}

void TakeQueue::request(TakeRequest request) {
  const std::lock_guard lock(mutex_);
  commands_.emplace_back(request);
  commanded_.notify_one();
}

void TakeQueue::cancel(Partition partition, std::uint64_t epoch) {
  const std::lock_guard lock(mutex_);
  commands_.emplace_back(Cancel{partition, epoch});
  commanded_.notify_one();
}

std::vector<TakingSnapshot> TakeQueue::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

void TakeQueue::wait_for_work(Duration limit) {
  if (!takes_.empty()) return;
  std::unique_lock lock(mutex_);
  commanded_.wait_for(lock, limit, [this] { return !commands_.empty(); });
}

TakeHome* TakeQueue::find(Partition home) {
  const auto it = takes_.find(home);
  return it == takes_.end() ? nullptr : it->second.get();
}

void TakeQueue::prepare(std::span<const Command> commands) {
  std::vector<Partition> homes;
  for (const Command& command : commands) {
    const auto* request = std::get_if<TakeRequest>(&command);
    if (request != nullptr && request->has_home) homes.push_back(request->partition);
  }
  if (homes.size() > 1) stores_.prepare_homes(homes);
}

void TakeQueue::obey_commands() {
  std::vector<Command> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  prepare(commands);
  for (const Command& command : commands) {
    if (const auto* request = std::get_if<TakeRequest>(&command)) {
      std::erase_if(waiting_, [request](const TakeRequest& earlier) {
        return earlier.partition == request->partition && earlier.thread == request->thread;
      });
      const TakeHome* take = find(request->partition);
      if (take == nullptr || take->request().thread == request->thread) {
        start(*request);
      } else {
        waiting_.push_back(*request);
      }
      continue;
    }
    const auto& cancel = std::get<Cancel>(command);
    std::erase_if(waiting_, [&cancel](const TakeRequest& request) { return request.epoch == cancel.epoch; });
    const TakeHome* take = find(cancel.partition);
    if (take == nullptr || take->request().epoch != cancel.epoch) continue;
    reader_.stop(cancel.partition);
    takes_.erase(cancel.partition);
    start_next(cancel.partition);
  }
  if (!commands.empty()) report_progress();
}

void TakeQueue::start(const TakeRequest& request) {
  reader_.stop(request.partition);
  takes_[request.partition] = std::make_unique<TakeHome>(request, rules_, stores_, offsets_, reader_);
}

void TakeQueue::start_next(Partition partition) {
  const auto next = std::find_if(waiting_.begin(), waiting_.end(),
                                 [partition](const TakeRequest& request) { return request.partition == partition; });
  if (next == waiting_.end()) return;
  const TakeRequest request = *next;
  waiting_.erase(next);
  start(request);
}

void TakeQueue::turn(Duration wait) {
  obey_commands();
  bool replaying = false;
  std::vector<Partition> ended;
  for (auto it = takes_.begin(); it != takes_.end();) {
    TakeHome& take = *it->second;
    const bool knew = take.unstable_since().has_value();
    if (!take.step(clock_.now())) {
      replaying |= take.phase() == TakeHome::Phase::Replay;
      // Somebody else may be able to end that wait, and needn't wait for the other homes' turns.
      if (!knew && take.unstable_since()) report_progress();
      ++it;
      continue;
    }
    const int thread = take.request().thread;
    if (take.phase() == TakeHome::Phase::Done) {
      reply_(thread, take.result());
    } else {
      reply_(thread, TakeFailed{take.request().partition, take.request().epoch, take.failure(), take.unreadable()});
    }
    ended.push_back(it->first);
    it = takes_.erase(it);
  }
  for (const Partition partition : ended) start_next(partition);
  if (const Status polled = reader_.poll(replaying ? wait : Duration{0}, visitor_); !polled.ok()) {
    spdlog::warn("changelog reader: {}", polled.message());
  }
  renew_when_stalled();
  report_progress();
}

void TakeQueue::renew_when_stalled() {
  std::uint64_t progress = 0;
  bool replaying = false;
  for (const auto& [partition, take] : takes_) {
    if (take->phase() != TakeHome::Phase::Replay) continue;
    replaying = true;
    progress += static_cast<std::uint64_t>(take->restore_lag());
  }
  if (!stall_.stalled(replaying, progress, clock_.now().time_since_epoch())) return;
  spdlog::warn("the changelog reader has brought nothing for long; reading with a new client");
  if (const Status renewed = reader_.renew(); !renewed.ok()) spdlog::warn("changelog reader: {}", renewed.message());
  for (auto& [partition, take] : takes_) {
    if (take->phase() != TakeHome::Phase::Replay) continue;
    take = std::make_unique<TakeHome>(take->request(), rules_, stores_, offsets_, reader_);
  }
}

void TakeQueue::report_progress() {
  std::vector<TakingSnapshot> snapshot;
  const Timestamp now = clock_.now();
  const std::string denial = reader_.denial();
  for (const auto& [partition, take] : takes_) {
    const bool restoring = take->phase() == TakeHome::Phase::Replay;
    snapshot.push_back({.partition = partition,
                        .restoring = restoring,
                        .waiting_for = restoring && !denial.empty() ? denial : take->waiting_for(),
                        .restored = take->restored(),
                        .restore_lag = take->restore_lag(),
                        .restore_eta = take->restore_eta(now),
                        .unstable_since = take->unstable_since()});
  }
  if (snapshot.empty()) {
    progress_reported_ = now;
  } else if (now - progress_reported_ >= kProgressEvery) {
    progress_reported_ = now;
    for (const TakingSnapshot& s : snapshot) {
      spdlog::info("[home {}] not running yet, {} changelog records restored; waits for {}", s.partition, s.restored,
                   s.waiting_for);
    }
  }
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(snapshot);
}

}  // namespace ebc::topology
