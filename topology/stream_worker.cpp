#include "topology/stream_worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "topology/denial.h"
#include "topology/murmur2.h"

namespace ebc::topology {
namespace {
constexpr Duration kIdleWait{100};
constexpr Duration kUnsettledWait{20};
}  // namespace

StreamWorker::StreamWorker(WorkerConfig config, const Clock& clock, ProcessorSupplier& supplier, HomeTaker& taker,
                           HomeBoard& board, SinkFactory make_sink)
    : config_(std::move(config)),
      clock_(clock),
      supplier_(supplier),
      taker_(taker),
      board_(board),
      session_(std::move(make_sink), config_.stall_timeout),
      rows_(config_.row_cache_bytes),
      homes_(static_cast<std::size_t>(board.homes())) {}

Status StreamWorker::start(const SourceFactory& make_source) {
  auto source = make_source(*this);
  if (!source.ok()) return source.status();
  source_ = std::move(*source);
  return {};
}

StreamWorker::~StreamWorker() = default;

void StreamWorker::wake() {
  const std::lock_guard lock(source_mutex_);
  if (source_) source_->wake();
}

Status StreamWorker::turn() {
  now_ = clock_.now();
  if (Status sink = session_.ensure_sink(*source_, now_); !sink.ok()) {
    if (sink.verdict() == Verdict::Fatal) return sink;
    // Without a producer nothing can be processed, and what is polled must not be lost: hold no log meanwhile.
    if (!homes_empty()) reset(sink);
    set_trouble(sink.message());
    note_denial(sink);
    wait_ = kUnsettledWait;
  }
  times_.enter(Activity::Poll);
  auto batch = source_->poll(wait_);
  times_.enter(Activity::Other);
  now_ = clock_.now();
  if (!batch.ok()) return batch.status();
  publish_denial();
  if (!rebalance_failure_.ok()) {
    EBC_TRY(recover(std::exchange(rebalance_failure_, {})));
    return {};
  }
  const bool input_at_hand = !batch->records.empty();
  note_backlog(*batch);
  times_.enter(Activity::Process);
  Status status = renew_sink();  // a commit inside the poll may have spent it
  if (status.ok()) status = process(*batch);
  times_.enter(Activity::Other);
  if (status.ok()) status = read_mailbox();
  if (status.ok()) status = punctuate();
  if (status.ok() && !input_at_hand) session_.send_now();
  if (status.ok() && anything_to_commit() && !first_uncommitted_) first_uncommitted_ = now_;
  if (status.ok() && commit_due(input_at_hand)) status = commit();
  if (status.ok() && session_.has_sink()) status = request_takes();
  if (!status.ok()) EBC_TRY(recover(std::move(status)));
  publish();
  wait_ = wait_after(input_at_hand);
  return {};
}

Status StreamWorker::process(const Batch& batch) {
  for (const std::uint32_t index : order_.of(batch.records)) {
    EBC_TRY(handle(batch.records[index]));
    if (records_since_commit_ >= config_.buffer_records || session_.bytes() >= config_.buffer_bytes) {
      EBC_TRY(commit());
      EBC_TRY(renew_sink());
    }
  }
  for (const LogPosition& end : batch.ends) passed(end.log, end.offset_next);
  for (const LogPartition& log : batch.broken) {
    // Its position is gone from the log: the take decides what that means. What the home did so far counts.
    if (anything_to_commit()) EBC_TRY(commit());
    EBC_TRY(renew_sink());
    retake(log.partition, {Verdict::Retry, "the log no longer holds its position"});
  }
  return {};
}

/// After a commit in the middle of a turn, before anything else is begun.
Status StreamWorker::renew_sink() {
  if (!session_.has_sink() || session_.begun()) return {};
  return session_.ensure_sink(*source_, clock_.now());
}

Status StreamWorker::handle(const Fetched& fetched) {
  if (fetched.log.channel == Channel::Input) return handle_input(fetched);
  HomeTask* task = home(fetched.log.partition);
  if (task == nullptr) return {};  // given up while the batch was under way
  if (fetched.offset < task->next(Channel::Repartition)) {
    counters_.stale_records.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  ++records_since_commit_;
  return blame(*task, task->process(fetched));
}

Status StreamWorker::handle_input(const Fetched& fetched) {
  const Partition partition = fetched.log.partition;
  HomeTask* own = home(partition);
  const auto route_only = own == nullptr ? routes_.find(partition) : routes_.end();
  if (own == nullptr && route_only == routes_.end()) return {};
  const Offset next = own != nullptr ? own->next(Channel::Input) : route_only->second.next;
  if (fetched.offset < next) {
    counters_.stale_records.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  counters_.records.fetch_add(1, std::memory_order_relaxed);
  ++records_since_commit_;
  const Route route = supplier_.route(fetched.record);
  if (route.kind != Route::Kind::Skip) {
    const int homes = board_.homes();
    const Partition target = route.kind == Route::Kind::Keyed ? home_of(route.key, homes) : partition % homes;
    if (target == partition) return blame(*own, own->process(fetched));
    rekey(fetched, target);
  }
  passed(fetched.log, fetched.offset + 1);
  return {};
}

void StreamWorker::rekey(const Fetched& fetched, Partition target) {
  const Record& record = fetched.record;
  hop_header_.clear();
  fmt::format_to(std::back_inserter(hop_header_), "{}/{}", record.partition, record.offset);
  headers_.assign(record.headers.begin(), record.headers.end());
  headers_.push_back({kOriginHeader, hop_header_});
  session_.rekey({.topic = config_.repartition_topic,
                  .partition = target,
                  .key = record.key,
                  .value = record.value,
                  .timestamp = record.timestamp,
                  .headers = headers_});
  counters_.rekeyed.fetch_add(1, std::memory_order_relaxed);
}

void StreamWorker::passed(LogPartition log, Offset offset_next) {
  if (HomeTask* task = home(log.partition)) {
    task->passed(log.channel, offset_next);
    return;
  }
  const auto route = routes_.find(log.partition);
  if (log.channel != Channel::Input || route == routes_.end() || offset_next <= route->second.next) return;
  route->second.next = offset_next;
  route->second.touched = true;
}

Status StreamWorker::punctuate() {
  const Activity before = times_.enter(Activity::Punctuate);
  Status status;
  for (const auto& task : homes_) {
    if (task && status.ok()) status = blame(*task, task->punctuate_if_due());
  }
  times_.enter(before);
  return status;
}

Status StreamWorker::blame(const HomeTask& task, Status status) {
  if (status.verdict() == Verdict::TaskCorrupted) quarantine_.push_back(task.home());
  return status;
}

Status StreamWorker::read_mailbox() {
  for (WorkerMessage& message : mailbox_.take()) {
    if (const auto* advance = std::get_if<ClockAdvance>(&message)) {
      HomeTask* task = home(advance->home);
      if (task != nullptr && task->epoch() == advance->epoch) task->advance_clock(advance->clock);
    } else if (auto* failed = std::get_if<TakeFailed>(&message)) {
      const auto it = assigned_.find(failed->partition);
      if (it == assigned_.end() || it->second != failed->epoch) continue;
      state_unreadable_ = failed->unreadable;
      return failed->status;
    } else {
      EBC_TRY(start_taken(std::move(std::get<Taken>(message))));
    }
  }
  return {};
}

bool StreamWorker::homes_empty() const {
  return routes_.empty() && std::all_of(homes_.begin(), homes_.end(), [](const auto& task) { return task == nullptr; });
}

Duration StreamWorker::wait_after(bool input_at_hand) const {
  if (input_at_hand) return Duration{0};
  Duration wait = kIdleWait;
  for (const auto& task : homes_) {
    if (task && task->punctuation_due()) return Duration{0};
  }
  for (const auto& [partition, epoch] : assigned_) {
    if (epoch == 0) wait = std::min(wait, kUnsettledWait);
  }
  if (!first_uncommitted_) return wait;
  wait = std::min(wait, *first_uncommitted_ + commit_interval() - now_);
  if (session_.outputs_waiting()) wait = std::min(wait, commit_ended_ + commit_gap() - now_);
  return std::max(wait, Duration{1});
}

void StreamWorker::close(bool leave, Duration limit) {
  now_ = clock_.now();
  if (anything_to_commit() && session_.has_sink()) {
    if (const Status committed = commit(); !committed.ok()) {
      spdlog::warn("[thread {}] the last commit failed ({}); its input will be read again", config_.thread,
                   committed.message());
      reset(committed);
    }
  }
  closing_ = true;
  source_->close(leave, limit);
  for (const auto& [partition, epoch] : assigned_) {
    if (epoch != 0) taker_.cancel(partition, epoch);
  }
  assigned_.clear();
  routes_.clear();
  for (auto& task : homes_) task.reset();
  publish();
}

std::pair<int, int> StreamWorker::assigned_and_waiting() const {
  const std::lock_guard lock(status_mutex_);
  return {assigned_count_, waiting_count_};
}

std::vector<Partition> StreamWorker::assigned() const {
  const std::lock_guard lock(status_mutex_);
  return assigned_inputs_;
}

std::vector<StreamWorker::RunningHome> StreamWorker::running() const {
  const std::lock_guard lock(status_mutex_);
  return running_;
}

std::string StreamWorker::trouble() const {
  const std::lock_guard lock(status_mutex_);
  return trouble_;
}

void StreamWorker::set_trouble(std::string trouble) {
  const std::lock_guard lock(status_mutex_);
  trouble_ = std::move(trouble);
}

std::string StreamWorker::denial() const {
  const std::lock_guard lock(status_mutex_);
  return denial_;
}

void StreamWorker::note_denial(const Status& status) {
  if (denies_a_right(status)) commit_denied_ = status.message();
}

void StreamWorker::publish_denial() {
  std::string denial = commit_denied_.empty() ? source_->denial() : commit_denied_;
  const std::lock_guard lock(status_mutex_);
  denial_ = std::move(denial);
}

void StreamWorker::publish() {
  const bool rekeyed = session_.rekeyed_waiting();
  for (const auto& task : homes_) {
    if (task) task->publish(rekeyed);
  }
  for (auto& [partition, route] : routes_) {
    if (!rekeyed) route.settled_next = route.next;
    if (partition >= board_.capacity()) continue;
    BoardEntry& entry = board_.entry(partition);
    if (entry.epoch.load(std::memory_order_acquire) != route.epoch) continue;  // another thread of ours has it
    entry.input_read_next.store(route.next, std::memory_order_release);
    entry.input_settled_next.store(route.settled_next, std::memory_order_release);
  }
  counters_.producers.store(session_.rebuilds(), std::memory_order_relaxed);
  if (!ownership_changed_) return;
  ownership_changed_ = false;
  const std::lock_guard lock(status_mutex_);
  running_.clear();
  for (const auto& task : homes_) {
    if (task) running_.push_back({task->home(), task->restored()});
  }
  assigned_inputs_.clear();
  for (const auto& [partition, epoch] : assigned_) assigned_inputs_.push_back(partition);
  assigned_count_ = static_cast<int>(assigned_.size());
  waiting_count_ = assigned_count_ - static_cast<int>(running_.size() + routes_.size());
  if (session_.has_sink()) trouble_.clear();
  // Together with the counts: "joined, and nothing to wait for" must not be seen before what was assigned is.
  if (answered_) joined_.store(true, std::memory_order_release);
}

}  // namespace ebc::topology
