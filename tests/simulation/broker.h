// A cluster of brokers as its clients can see it at its worst: logs, transactions, committed offsets.
//
//   - A transaction is decided at once and shown step by step: each partition gets its marker when the dice say so, the
//     group's offsets among them, in any order. So offsets may move before the rows written with them can be read.
//   - A decided transaction keeps its producer busy until the last marker is written.
//   - End requests carry no transaction, only a producer and its epoch: a late copy ends whatever is open then.
//   - High watermark, last stable offset and log start are three different things; markers take offsets.
//   - A transaction that is open for too long is aborted, and its producer fenced.
//   - Offsets are taken from any member with a valid generation, whether or not it owns the partition.
#pragma once

#include <compare>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/simulation/scheduler.h"
#include "topology/log.h"

namespace ebc::simulation {

enum class Topic : std::uint8_t { Input, Repartition, Changelog, Output, DeadLetter };
inline constexpr int kTopics = 5;
/// "input", "repartition" ... as the code under test is told.
std::string_view topic_name(Topic topic);
Topic topic_of(std::string_view name);
inline Topic topic_of(topology::Channel channel) { return static_cast<Topic>(channel); }

struct TopicPartition {
  Topic topic = Topic::Input;
  Partition partition = 0;
  auto operator<=>(const TopicPartition&) const = default;
};
inline TopicPartition at(topology::LogPartition log) { return {topic_of(log.channel), log.partition}; }

struct Entry {
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  Timestamp timestamp{};
  Timestamp appended{};
  std::int32_t txn = -1;  ///< -1: written outside of any
  bool marker = false;
  bool compacted = false;  ///< removed; the offset stays
  Timestamp cleaned{};     ///< of a tombstone: when compaction has removed what it deletes
};

enum class Answer {
  Ok,
  Busy,               ///< the producer's last transaction isn't over yet
  ProducerFenced,     ///< a newer producer has come, or the broker has aborted for time
  NoTransaction,      ///< nothing is open that could be ended
  IllegalGeneration,  ///< the member is not of the present generation
  UnknownMember,
  InstanceFenced,  ///< another process has this static member's name
};

/// A transactional producer's name and how often it was initialised.
struct ProducerId {
  int producer = -1;
  int epoch = -1;
};

/// What a transaction says of the member that sends its offsets.
struct MemberId {
  int id = 0;  ///< 0: none
  int generation = -1;
  bool valid() const { return id > 0 && generation >= 0; }
};

struct Transaction {
  enum class Decision : std::uint8_t { Open, Commit, Abort };
  int producer = -1;
  Decision decision = Decision::Open;
  Timestamp began{};
  std::vector<TopicPartition> partitions;
  std::map<TopicPartition, Offset> offsets;
  bool has_offsets = false;     ///< the group is part of it
  bool offsets_marked = false;  ///< its offsets count, or are dropped, by now
  int unmarked = 0;
};

struct PartitionLog {
  std::deque<Entry> entries;  ///< index: offset
  Offset start = 0;
  std::vector<std::pair<std::int32_t, Offset>> unmarked;  ///< transactions without marker here, and where they begin
  Offset end() const { return static_cast<Offset>(entries.size()); }
};

/// Told about what counts from now on.
class BrokerObserver {
 public:
  virtual ~BrokerObserver() = default;
  virtual void on_commit_decided(std::int32_t txn) = 0;
  virtual void on_offsets_sent(MemberId member, const std::map<TopicPartition, Offset>& offsets) = 0;
};

/// The part of the consumer group that transactions ask.
class MemberCheck {
 public:
  virtual ~MemberCheck() = default;
  virtual Answer check(MemberId member) const = 0;
};

struct BrokerRules {
  Duration transaction_timeout{2'000};
  Duration abort_every{1'000};  ///< how often the broker looks for transactions that are open for too long
  int slow_markers = 10;        ///< percent of transactions whose markers take their time
};

class Broker {
 public:
  Broker(Scheduler& scheduler, BrokerRules rules);
  void observe(BrokerObserver& observer) { observer_ = &observer; }
  void group(const MemberCheck& members) { members_ = &members; }

  void create(Topic topic, int partitions);
  int partitions(Topic topic) const { return static_cast<int>(logs_[static_cast<std::size_t>(topic)].size()); }
  const PartitionLog& log(TopicPartition at) const {
    return logs_[static_cast<std::size_t>(at.topic)][static_cast<std::size_t>(at.partition)];
  }
  Offset last_stable(TopicPartition at) const;
  /// Below the last stable offset: what a read_committed reader is given.
  bool visible(const Entry& entry) const;
  void truncate(TopicPartition at, Offset start);
  /// Drops what later records of the same keys have overtaken; tombstones, once that was done so long ago.
  void compact(TopicPartition at, Duration tombstones);

  Offset append(TopicPartition at, Entry entry);

  /// Busy: what an earlier producer of this name left is being ended; ask again.
  Answer init_producer(const std::string& name, ProducerId& id);
  Answer produce(ProducerId id, TopicPartition at, Entry entry, Offset& offset);
  Answer send_offsets(ProducerId id, MemberId member, const std::map<TopicPartition, Offset>& offsets);
  Answer end_transaction(ProducerId id, bool commit);
  /// A copy of a request that was on its way for long: taken if it still fits what is open, whatever that is.
  void late_offsets(ProducerId id, const std::map<TopicPartition, Offset>& offsets);
  const Transaction& transaction(std::int32_t txn) const { return transactions_[static_cast<std::size_t>(txn)]; }

  const std::string& name_of(int producer) const { return producers_[static_cast<std::size_t>(producer)].name; }

  std::optional<Offset> committed(TopicPartition at) const;
  /// A transaction that is not over holds offsets of it.
  bool unstable(TopicPartition at) const;
  void expire_offsets(TopicPartition at) { committed_.erase(at); }
  bool idle() const { return pending_ == 0; }

 private:
  struct Producer {
    std::string name;
    int epoch = -1;
    std::int32_t txn = -1;  ///< open, or decided and not yet over
    Transaction::Decision last = Transaction::Decision::Open;
  };

  PartitionLog& writable(TopicPartition at) {
    return logs_[static_cast<std::size_t>(at.topic)][static_cast<std::size_t>(at.partition)];
  }
  /// The open transaction of the producer; begins one.
  Answer join_transaction(ProducerId id, std::int32_t& txn);
  void decide(std::int32_t txn, Transaction::Decision decision);
  void mark(std::int32_t txn, std::size_t index);
  void marked(std::int32_t txn);
  void abort_old();

  Scheduler& scheduler_;
  const BrokerRules rules_;
  BrokerObserver* observer_ = nullptr;
  const MemberCheck* members_ = nullptr;
  std::deque<PartitionLog> logs_[kTopics];  ///< grows without moving what readers look at
  std::map<std::string, int> names_;
  std::vector<Producer> producers_;
  std::vector<Transaction> transactions_;
  std::map<TopicPartition, Offset> committed_;
  std::vector<std::int32_t> with_offsets_;  ///< transactions whose offsets are not marked yet
  int pending_ = 0;                         ///< transactions that are not over
};

}  // namespace ebc::simulation
