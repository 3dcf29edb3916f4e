#include "topology/kafka_assignment.h"

#include <algorithm>
#include <vector>

#include "topology/kafka_error.h"

namespace ebc::topology {
namespace {

constexpr int kSeekLimitMs = 1'000;
/// Before, milliseconds of its limit were taken for microseconds.
constexpr int kSeekKnowsItsLimit = 0x02010000;

}  // namespace

Status KafkaAssignment::accept() {
  const KafkaPartitions nothing(rd_kafka_topic_partition_list_new(0));
  const KafkaErrorPtr error(rd_kafka_incremental_assign(client_, nothing.get()));
  go_on_with_what_stays();
  return kafka_status(error, "answer to an assignment");
}

Status KafkaAssignment::give_up(std::span<const LogPartition> logs) {
  // Who gets one of them back finds it as he left it.
  const Status resumed = resume(logs);
  std::vector<LogPartition> known;
  for (const LogPartition& log : logs) {
    if (held_.erase(log) > 0) known.push_back(log);
  }
  const KafkaErrorPtr error(rd_kafka_incremental_unassign(client_, names_.list(known).get()));
  go_on_with_what_stays();
  EBC_TRY(kafka_status(error, "answer to a revoke"));
  return resumed;
}

/// Without waiting: what was fetched before is out of date from this call on. Messages that are in hand but not yet
/// handed out come once more.
void KafkaAssignment::go_on_with_what_stays() {
  std::vector<LogPosition> positions;
  for (const auto& [log, reading] : held_) {
    if (!reading.stopped && !reading.broken) positions.push_back({log, reading.next});
  }
  if (positions.empty()) return;
  const KafkaErrorPtr none(rd_kafka_seek_partitions(client_, names_.list(positions).get(), 0));
}

Status KafkaAssignment::read(std::span<const LogPosition> positions) {
  std::vector<LogPosition> fresh, known;
  std::vector<LogPartition> logs;
  for (const LogPosition& position : positions) {
    (held_.contains(position.log) ? known : fresh).push_back(position);
    logs.push_back(position.log);
  }
  // In this order: only a seek wakes the thread that fetches.
  EBC_TRY(resume(logs));
  if (!known.empty()) EBC_TRY(seek(known));
  if (!fresh.empty()) EBC_TRY(add(fresh));
  return {};
}

Status KafkaAssignment::add(std::span<const LogPosition> positions) {
  // Before they are assigned: a queue that the application has forwarded stays so.
  for (const LogPosition& position : positions) {
    if (position.log.channel != Channel::Repartition) continue;
    const KafkaQueue own(rd_kafka_queue_get_partition(client_, names_.repartition.c_str(), position.log.partition));
    if (own) rd_kafka_queue_forward(own.get(), hops_);
  }
  const KafkaErrorPtr error(rd_kafka_incremental_assign(client_, names_.list(positions).get()));
  if (error) return kafka_status(error, "assign");
  for (const LogPosition& position : positions) held_[position.log] = {.next = position.offset_next};
  return {};
}

Status KafkaAssignment::seek(std::span<const LogPosition> positions) {
  const int limit = rd_kafka_version() < kSeekKnowsItsLimit ? kSeekLimitMs * 1'000 : kSeekLimitMs;
  const KafkaPartitions list = names_.list(positions);
  const KafkaErrorPtr error(rd_kafka_seek_partitions(client_, list.get(), limit));
  if (error) return kafka_status(error, "seek");
  for (std::size_t i = 0; i < positions.size(); ++i) {
    Reading& reading = held_[positions[i].log];
    const rd_kafka_resp_err_t code = list->elems[i].err;
    if (reading.broken && code == RD_KAFKA_RESP_ERR__STATE) {
      return {Verdict::Fenced, "the client has given up a log whose position was gone"};
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status(code, "seek");
    reading = {.next = positions[i].offset_next};
  }
  return {};
}

Status KafkaAssignment::resume(std::span<const LogPartition> logs) {
  std::vector<LogPartition> stopped;
  for (const LogPartition& log : logs) {
    const auto held = held_.find(log);
    if (held != held_.end() && std::exchange(held->second.stopped, false)) stopped.push_back(log);
  }
  if (stopped.empty()) return {};
  return kafka_status(rd_kafka_resume_partitions(client_, names_.list(stopped).get()), "resume");
}

Status KafkaAssignment::stop(std::span<const LogPartition> logs) {
  std::vector<LogPartition> running;
  for (const LogPartition& log : logs) {
    const auto held = held_.find(log);
    if (held != held_.end() && !std::exchange(held->second.stopped, true)) running.push_back(log);
  }
  if (running.empty()) return {};
  return kafka_status(rd_kafka_pause_partitions(client_, names_.list(running).get()), "pause");
}

void KafkaAssignment::handed_out(LogPosition position) {
  const auto held = held_.find(position.log);
  if (held != held_.end()) held->second.next = std::max(held->second.next, position.offset_next);
}

void KafkaAssignment::broken(LogPartition log) {
  if (const auto held = held_.find(log); held != held_.end()) held->second.broken = true;
}

}  // namespace ebc::topology
