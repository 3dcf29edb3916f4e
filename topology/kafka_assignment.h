// What a member of the consumer group reads, and where it goes on.
//
// The client takes whatever is taken out of its assignment for the answer to the revoke that it has queued, be we told
// of that yet or not. It then goes on to the group's next round, in which another member gets what we still read and
// commit. So logs leave the assignment in that answer only; until then they are paused when they aren't to be read.
//
// Each rebalance pauses all logs, those that stay too. What a call for many messages has in its hands at that moment is
// thrown away and yet counted as read (2.0.2). And nothing wakes the thread that fetches when the pause is over: it
// sleeps on, for up to a second. Going back to what was really handed out cures both.
#pragma once

#include <map>
#include <span>

#include "topology/kafka_names.h"
#include "topology/log.h"

namespace ebc::topology {

/// One thread: the one that polls.
class KafkaAssignment {
 public:
  /// `names`, `client` and `hops`, the queue of the repartition logs, outlive this.
  KafkaAssignment(const TopicNames& names, rd_kafka_t* client, rd_kafka_queue_t* hops)
      : names_(names), client_(client), hops_(hops) {}

  /// The answer to a rebalance that gives this member something, which is read from read() on.
  Status accept();
  /// The answer to a rebalance that takes these away.
  Status give_up(std::span<const LogPartition> logs);

  /// Goes on there, also in logs that are read or stopped; what is queued of them is dropped. Fenced: only a new client
  /// can read one of them again. Not while a rebalance is answered.
  Status read(std::span<const LogPosition> positions);
  /// Logs that aren't held are ignored.
  Status stop(std::span<const LogPartition> logs);

  /// What is before `position` was handed out, or is no record.
  void handed_out(LogPosition position);
  /// The client no longer fetches it: the log doesn't hold its position any more.
  void broken(LogPartition log);

 private:
  struct Reading {
    Offset next = 0;
    bool stopped = false, broken = false;
  };

  Status add(std::span<const LogPosition> positions);
  Status seek(std::span<const LogPosition> positions);
  Status resume(std::span<const LogPartition> logs);
  void go_on_with_what_stays();

  const TopicNames& names_;
  rd_kafka_t* const client_;
  rd_kafka_queue_t* const hops_;
  std::map<LogPartition, Reading> held_;
};

}  // namespace ebc::topology
