// The half of the worker that gains and loses partitions: rebalances, takes, recovery.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "topology/stream_worker.h"

namespace ebc::topology {

void StreamWorker::on_assigned(std::span<const Partition> inputs) {
  answered_ = true;
  ownership_changed_ = true;
  for (const Partition input : inputs) assigned_.try_emplace(input, 0);
  if (!inputs.empty()) {
    spdlog::info("[thread {}] assigned input partitions {}", config_.thread, fmt::join(inputs, ","));
  }
}

void StreamWorker::on_revoked(std::span<const Partition> inputs) {
  ownership_changed_ = true;
  now_ = clock_.now();
  if (!closing_ && anything_to_commit() && session_.has_sink()) rebalance_failure_ = commit();
  for (const Partition input : inputs) give_up(input);
  if (!inputs.empty()) spdlog::info("[thread {}] gave up input partitions {}", config_.thread, fmt::join(inputs, ","));
}

void StreamWorker::on_lost(std::span<const Partition> inputs) {
  ownership_changed_ = true;
  for (const Partition input : inputs) give_up(input);
  rebalance_failure_ = {Verdict::Fenced,
                        fmt::format("input partitions {} were given to another member because this one "
                                    "was silent for too long",
                                    fmt::join(inputs, ","))};
}

void StreamWorker::give_up(Partition input) {
  release(input);
  const auto it = assigned_.find(input);
  if (it == assigned_.end()) return;
  if (it->second != 0) taker_.cancel(input, it->second);
  assigned_.erase(it);
}

void StreamWorker::release(Partition input) {
  ownership_changed_ = true;
  if (static_cast<std::size_t>(input) < homes_.size()) homes_[static_cast<std::size_t>(input)].reset();
  const auto route = routes_.find(input);
  if (route == routes_.end()) return;
  if (input < board_.capacity()) board_.entry(input).let_go(route->second.epoch);
  routes_.erase(route);
}

Status StreamWorker::request_takes() {
  const bool wanted = std::any_of(assigned_.begin(), assigned_.end(), [](const auto& a) { return a.second == 0; });
  if (!wanted) return {};
  // Our own open transaction must not be what the take waits for.
  if (anything_to_commit()) EBC_TRY(commit());
  // Whether an input partition without a home should have an offset is in the rows of the homes: these come first.
  int inputs_known = 0;
  bool rows_known = true;
  for (const auto& [partition, epoch] : assigned_) {
    if (partition >= board_.homes()) break;
    const HomeTask* task = home(partition);
    rows_known &= task != nullptr;
    if (task != nullptr) inputs_known = std::max(inputs_known, task->inputs_known());
  }
  for (auto& [partition, epoch] : assigned_) {
    if (epoch != 0) continue;
    if (partition >= board_.homes() && !rows_known) continue;
    epoch = board_.new_epoch();
    const auto damaged = std::find(quarantine_.begin(), quarantine_.end(), partition);
    taker_.request({.partition = partition,
                    .has_home = partition < board_.homes(),
                    .homes = board_.homes(),
                    .epoch = epoch,
                    .thread = config_.thread,
                    .quarantine = damaged != quarantine_.end(),
                    .inputs_known = inputs_known});
    if (damaged != quarantine_.end()) {
      counters_.quarantined.fetch_add(1, std::memory_order_relaxed);
      std::erase(quarantine_, partition);
    }
  }
  return {};
}

Status StreamWorker::start_taken(Taken taken) {
  const Partition partition = taken.partition;
  const auto it = assigned_.find(partition);
  if (it == assigned_.end() || it->second != taken.epoch) return {};  // revoked or dropped in the meantime
  ownership_changed_ = true;
  counters_.restored.fetch_add(static_cast<std::uint64_t>(taken.restored), std::memory_order_relaxed);

  if (!taken.store) {
    spdlog::info("[input {}] routing from offset {}", partition, taken.progress.input_next);
    return run_route(taken);
  }
  spdlog::info("[home {}] running: input from {}, repartition from {}, {} changelog records replayed", partition,
               taken.progress.input_next, taken.progress.repartition_next, taken.restored);
  return run_home(std::move(taken));
}

Status StreamWorker::run_route(const Taken& taken) {
  const Partition partition = taken.partition;
  const RouteOnly& route = routes_[partition] = {.epoch = taken.epoch,
                                                 .next = taken.progress.input_next,
                                                 .settled_next = taken.progress.input_next,
                                                 .committed_next = taken.progress.input_next,
                                                 .commit_at_once = taken.commit_at_once,
                                                 .inputs_known = taken.progress.inputs_known,
                                                 .touched = taken.commit_at_once};
  if (partition < board_.capacity()) {
    BoardEntry& entry = board_.entry(partition);
    entry.thread.store(config_.thread, std::memory_order_relaxed);
    entry.input_read_next.store(route.next, std::memory_order_release);
    entry.input_settled_next.store(route.next, std::memory_order_release);
    entry.epoch.store(route.epoch, std::memory_order_release);
  }
  const std::array position{LogPosition{{Channel::Input, partition}, route.next}};
  return source_->assign(position);
}

Status StreamWorker::run_home(Taken taken) {
  const Partition partition = taken.partition;
  const std::array positions{LogPosition{{Channel::Input, partition}, taken.progress.input_next},
                             LogPosition{{Channel::Repartition, partition}, taken.progress.repartition_next}};
  BoardEntry& entry = board_.entry(partition);
  entry.thread.store(config_.thread, std::memory_order_relaxed);
  auto task = std::make_unique<HomeTask>(std::move(taken), config_.changelog_topic, session_, now_, entry, rows_);
  if (Status started = blame(*task, task->start(supplier_.make_processor())); !started.ok()) return started;
  homes_[static_cast<std::size_t>(partition)] = std::move(task);
  return source_->assign(positions);
}

void StreamWorker::retake(Partition partition, const Status& why) {
  const auto it = assigned_.find(partition);
  if (it == assigned_.end()) return;
  spdlog::warn("[home {}] is taken anew: {}", partition, why.message());
  if (why.verdict() == Verdict::TaskCorrupted) quarantine_.push_back(partition);
  release(partition);
  const std::array logs{LogPartition{Channel::Input, partition}, LogPartition{Channel::Repartition, partition}};
  stop_reading(logs);
  if (it->second != 0) taker_.cancel(partition, it->second);
  it->second = 0;
}

void StreamWorker::stop_reading(std::span<const LogPartition> logs) {
  if (const Status stopped = source_->stop(logs); !stopped.ok()) {
    spdlog::warn("[thread {}] {}", config_.thread, stopped.message());
  }
}

/// True: nothing of it counts, for certain.
bool StreamWorker::drop_uncommitted(const Status& why) {
  set_trouble(why.message());
  note_denial(why);
  ownership_changed_ = true;
  counters_.failed_commits.fetch_add(session_.begun() ? 1 : 0, std::memory_order_relaxed);
  records_since_commit_ = 0;
  first_uncommitted_.reset();
  return session_.drop(now_);
}

void StreamWorker::reset(const Status& why) {
  spdlog::warn("[thread {}] drops what is uncommitted and takes its homes anew: {}", config_.thread, why.message());
  drop_uncommitted(why);
  take_all_anew();
}

void StreamWorker::take_all_anew() {
  std::vector<LogPartition> logs;
  for (auto& [partition, epoch] : assigned_) {
    logs.push_back({Channel::Input, partition});
    if (partition < board_.homes()) logs.push_back({Channel::Repartition, partition});
    release(partition);
    if (epoch != 0) taker_.cancel(partition, epoch);
    epoch = 0;
  }
  stop_reading(logs);
}

/// What runs here goes on from its last commit. A holding of its own each: what the clock found out about how far the
/// one before had read isn't true of this one.
void StreamWorker::rewind() {
  std::vector<Taken> again;
  for (auto& task : homes_) {
    if (!task) continue;
    Taken taken = task->as_committed();
    // Another thread of ours may have it by now, and we not know yet that we lost it: it is left to that one.
    const bool ours = board_.entry(taken.partition).epoch.load(std::memory_order_acquire) == taken.epoch;
    task.reset();
    if (ours) again.push_back(std::move(taken));
  }
  for (const auto& [partition, route] : routes_) {
    if (partition < board_.capacity() && board_.entry(partition).epoch.load(std::memory_order_acquire) != route.epoch) {
      continue;
    }
    again.push_back({.partition = partition,
                     .epoch = route.epoch,
                     .store = nullptr,
                     .progress = {.input_next = route.committed_next, .inputs_known = route.inputs_known},
                     .commit_at_once = route.commit_at_once});
  }
  for (Taken& taken : again) {
    const Partition partition = taken.partition;
    assigned_[partition] = taken.epoch = board_.new_epoch();
    if (const Status runs = taken.store ? run_home(std::move(taken)) : run_route(taken); !runs.ok()) {
      retake(partition, runs);
    }
  }
}

Status StreamWorker::rejoin(const std::string& why, const SourceFactory& make_source, Duration close_limit) {
  spdlog::warn("[thread {}] joins the consumer group anew: {}", config_.thread, why);
  reset({Verdict::Fenced, why});
  assigned_.clear();
  joined_.store(false, std::memory_order_release);
  closing_ = true;  // what the old source says on its way out is of no interest
  source_->close(false, close_limit);
  closing_ = false;
  answered_ = false;
  rebalance_failure_ = {};
  {
    const std::lock_guard lock(source_mutex_);
    source_.reset();
  }
  auto source = make_source(*this);
  if (!source.ok()) return source.status();
  const std::lock_guard lock(source_mutex_);
  source_ = std::move(*source);
  return {};
}

Status StreamWorker::recover(Status status) {
  switch (status.verdict()) {
    case Verdict::Ok:
      return {};
    case Verdict::Fatal:
      return status;
    case Verdict::TaskCorrupted:
      reset(status);
      return {};
    case Verdict::Retry:
    case Verdict::AbortTransaction:
    case Verdict::Fenced:
      if (drop_uncommitted(status)) {
        spdlog::info("[thread {}] goes back to its last commit: {}", config_.thread, status.message());
        rewind();
        return {};
      }
      spdlog::warn("[thread {}] drops what is uncommitted and takes its homes anew: {}", config_.thread,
                   status.message());
      take_all_anew();
      return {};
  }
  return status;
}

}  // namespace ebc::topology
