// The half of the worker that commits. The order is the guarantee; docs/design.md, "Commit cycle".
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "topology/stream_worker.h"

namespace ebc::topology {
namespace {
/// Commits for a waiting outcome are at least this far apart: one costs 2 ms of CPU (3 with librdkafka before 2.4),
/// whatever it holds.
constexpr Duration kShortestGap{5};

/// Input older than this is a backlog. Nobody notices there whether an outcome comes 100 or 300 ms after its event,
/// while each commit costs the same whatever it holds, and a group that ends within one leaves no rows.
constexpr Duration kBacklog{10'000};
constexpr int kBacklogStretch = 3;
constexpr Duration kLongestStretched{1'000};
}  // namespace

/// By the timestamps of the records, which producers choose: wrong ones cost or save some commits, nothing else.
void StreamWorker::note_backlog(const Batch& batch) {
  backlog_ = !batch.records.empty() && now_ - batch.records.back().record.timestamp > kBacklog;
}

Duration StreamWorker::commit_interval() const {
  if (!backlog_) return config_.commit_interval;
  return std::max(config_.commit_interval, std::min(kBacklogStretch * config_.commit_interval, kLongestStretched));
}

bool StreamWorker::anything_to_commit() const {
  if (session_.begun()) return true;
  const auto touched = [](const auto& task) { return task && task->touched(); };
  if (std::any_of(homes_.begin(), homes_.end(), touched)) return true;
  return std::any_of(routes_.begin(), routes_.end(), [](const auto& route) { return route.second.touched; });
}

Duration StreamWorker::commit_gap() const {
  return std::min(std::max(kShortestGap, commit_usually_takes_), config_.commit_interval);
}

bool StreamWorker::commit_due(bool input_at_hand) const {
  if (!first_uncommitted_) return false;
  if (now_ - *first_uncommitted_ >= commit_interval()) return true;
  if (session_.outputs_waiting() && !input_at_hand && now_ - commit_ended_ >= commit_gap()) return true;
  std::size_t bytes = session_.bytes();
  for (const auto& task : homes_) {
    if (task) bytes += task->unflushed_bytes();
  }
  return bytes >= config_.buffer_bytes || records_since_commit_ >= config_.buffer_records;
}

Status StreamWorker::commit_now() {
  now_ = clock_.now();
  if (!anything_to_commit() || !session_.has_sink()) return {};
  Status status = commit();
  publish();
  return status.ok() ? status : recover(std::move(status));
}

Status StreamWorker::commit() {
  const Activity before = times_.enter(Activity::Commit);
  Status status = commit_steps();
  times_.enter(before);
  return status;
}

Status StreamWorker::commit_steps() {
  const Timestamp began = clock_.now();
  std::vector<HomeTask*> homes;
  EBC_TRY(flush_and_write(homes));

  std::vector<LogPosition> positions;
  for (const HomeTask* task : homes) task->collect_positions(positions);
  for (const auto& [partition, route] : routes_) {
    if (route.touched) positions.push_back({{Channel::Input, partition}, route.next});
  }
  const auto membership = source_->membership();
  if (!membership->valid()) {
    return {Verdict::Fenced, "this member is not in the consumer group any more; nothing may be committed"};
  }
  EBC_TRY(session_.commit(positions, *membership));
  commit_denied_.clear();

  apply(homes);
  for (auto& [partition, route] : routes_) {
    route.touched = route.commit_at_once = false;
    route.settled_next = route.committed_next = route.next;
  }
  if (const Status finished = session_.finish(positions); !finished.ok()) {
    spdlog::warn("[thread {}] {}", config_.thread, finished.message());
  }
  counters_.commits.fetch_add(1, std::memory_order_relaxed);
  records_since_commit_ = 0;
  first_uncommitted_.reset();
  commit_ended_ = clock_.now();
  // Down at once, up slowly: one slow commit says nothing of the next.
  const Duration took = commit_ended_ - began;
  commit_usually_takes_ = std::min(took, (3 * commit_usually_takes_ + took + Duration{3}) / 4);
  return {};
}

/// Brings everything into the transaction and returns the homes that are part of it.
Status StreamWorker::flush_and_write(std::vector<HomeTask*>& homes) {
  // Input partitions without a home have offsets from their first commit on; rows say so in that same transaction.
  int inputs_known = board_.homes();
  for (const auto& [partition, route] : routes_) inputs_known = std::max(inputs_known, route.inputs_known);
  for (const auto& task : homes_) {
    if (!task || !task->touched()) continue;
    EBC_TRY(blame(*task, task->flush()));
    task->inputs_seen(inputs_known);
    homes.push_back(task.get());
  }
  EBC_TRY(session_.begin());
  EBC_TRY(session_.settle_outputs());
  for (std::size_t tag = 0; tag < homes.size(); ++tag) EBC_TRY(homes[tag]->write_changelog(static_cast<int>(tag)));
  return {};
}

void StreamWorker::apply(const std::vector<HomeTask*>& homes) {
  // The transaction counts by now. A store that can't take it is behind, not wrong: taking the home anew brings it up.
  std::vector<std::pair<Partition, Status>> failed;
  for (std::size_t tag = 0; tag < homes.size(); ++tag) {
    const auto delivered = session_.delivered_offset(static_cast<int>(tag));
    Status applied =
        delivered ? homes[tag]->apply(*delivered) : Status{Verdict::Retry, "its progress row was not acknowledged"};
    if (!applied.ok()) failed.emplace_back(homes[tag]->home(), std::move(applied));
  }
  for (const auto& [partition, status] : failed) retake(partition, status);
}

}  // namespace ebc::topology
