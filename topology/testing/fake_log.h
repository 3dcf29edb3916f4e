// A broker in memory: topics, partitions, transactions, committed offsets. For tests and simulations.
//
// It keeps what makes Kafka hard: markers take offsets, open transactions hold back read_committed readers, offsets
// sent in a transaction stay pending until it ends, and an older producer of the same transactional id is fenced.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "processor/api/types.h"

namespace ebc::topology::testing {

struct LogRecord {
  std::optional<std::string> key, value;
  Timestamp timestamp{};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

/// Identity of a transaction: producer (transactional id) and how often it was initialised.
struct ProducerEpoch {
  std::string id;
  int epoch = 0;
  bool operator==(const ProducerEpoch&) const = default;
};

/// One thread.
class FakeLog {
 public:
  using TopicPartition = std::pair<std::string, Partition>;

  void create_topic(const std::string& topic, int partitions);
  int partitions(const std::string& topic) const;
  bool has_topic(const std::string& topic) const { return topics_.contains(topic); }

  /// Outside of any transaction. Returns the offset.
  Offset append(const TopicPartition& at, LogRecord record);
  Offset end(const TopicPartition& at) const;
  Offset last_stable(const TopicPartition& at) const;
  Offset start(const TopicPartition& at) const;
  /// Deletes everything before `offset`.
  void truncate(const TopicPartition& at, Offset offset);

  struct Read {
    std::vector<std::pair<Offset, LogRecord>> records;
    Offset next = 0;  ///< behind what was read, markers and aborted records included
  };
  /// What a read_committed reader gets from `from` on, `limit` records at most.
  Read read_committed(const TopicPartition& at, Offset from, std::size_t limit = SIZE_MAX) const;

  // Transactions. An id's open transaction is aborted by the next init of that id.
  ProducerEpoch init_producer(const std::string& id);
  bool fenced(const ProducerEpoch& producer) const;
  Offset append(const TopicPartition& at, LogRecord record, const ProducerEpoch& producer);
  void send_offsets(const std::map<TopicPartition, Offset>& offsets, const ProducerEpoch& producer);
  void end_transaction(const ProducerEpoch& producer, bool commit);

  // The consumer group.
  std::optional<Offset> committed(const TopicPartition& at) const;
  bool offsets_pending(const TopicPartition& at) const;
  void commit_offsets(const std::map<TopicPartition, Offset>& offsets);
  /// As after offsets.retention.
  void expire_offsets(const TopicPartition& at) { committed_.erase(at); }

 private:
  enum class State : std::uint8_t { Committed, Open, Aborted, Marker };
  struct Entry {
    State state = State::Committed;
    LogRecord record;
    ProducerEpoch producer;
  };
  struct PartitionLog {
    Offset start = 0;
    std::vector<Entry> entries;  ///< index = offset
  };
  struct Transaction {
    std::vector<std::pair<TopicPartition, Offset>> records;
    std::map<TopicPartition, Offset> offsets;
  };

  PartitionLog& log(const TopicPartition& at) { return topics_.at(at.first).at(static_cast<std::size_t>(at.second)); }
  const PartitionLog& log(const TopicPartition& at) const {
    return topics_.at(at.first).at(static_cast<std::size_t>(at.second));
  }

  std::map<std::string, std::vector<PartitionLog>> topics_;
  std::map<std::string, int> epochs_;
  std::map<std::string, Transaction> open_;
  std::map<TopicPartition, Offset> committed_;
};

}  // namespace ebc::topology::testing
