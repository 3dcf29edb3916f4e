#include "tests/simulation/broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace ebc::simulation {
namespace {
constexpr std::array<std::string_view, kTopics> kNames = {"input", "repartition", "changelog", "output", "dead-letter"};
}

std::string_view topic_name(Topic topic) { return kNames[static_cast<std::size_t>(topic)]; }

Topic topic_of(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  return static_cast<Topic>(found - kNames.begin());
}

Broker::Broker(Scheduler& scheduler, BrokerRules rules) : scheduler_(scheduler), rules_(rules) {
  scheduler_.after(rules_.abort_every, [this] { abort_old(); });
}

void Broker::create(Topic topic, int partitions) {
  auto& logs = logs_[static_cast<std::size_t>(topic)];
  while (logs.size() < static_cast<std::size_t>(partitions)) logs.emplace_back();
}

Offset Broker::last_stable(TopicPartition at) const {
  const PartitionLog& partition = log(at);
  Offset stable = partition.end();
  for (const auto& [txn, first] : partition.unmarked) stable = std::min(stable, first);
  return stable;
}

bool Broker::visible(const Entry& entry) const {
  if (entry.marker || entry.compacted) return false;
  return entry.txn < 0 || transaction(entry.txn).decision == Transaction::Decision::Commit;
}

void Broker::truncate(TopicPartition at, Offset start) {
  PartitionLog& partition = writable(at);
  partition.start = std::clamp(start, partition.start, partition.end());
}

void Broker::compact(TopicPartition at, Duration tombstones) {
  PartitionLog& partition = writable(at);
  std::set<std::string_view> seen;
  for (Offset offset = last_stable(at) - 1; offset >= partition.start; --offset) {
    Entry& entry = partition.entries[static_cast<std::size_t>(offset)];
    if (!visible(entry) || !entry.key) continue;
    const bool overtaken = !seen.insert(*entry.key).second;
    const bool tombstone = !entry.value;
    const bool old_tombstone =
        tombstone && entry.cleaned != Timestamp{} && entry.cleaned + tombstones < scheduler_.now();
    if (tombstone && entry.cleaned == Timestamp{}) entry.cleaned = scheduler_.now();
    if (overtaken || old_tombstone) entry.compacted = true;
  }
}

Offset Broker::append(TopicPartition at, Entry entry) {
  PartitionLog& partition = writable(at);
  entry.appended = scheduler_.now();
  partition.entries.push_back(std::move(entry));
  scheduler_.data_arrived();
  return partition.end() - 1;
}

// ---- transactions

Answer Broker::init_producer(const std::string& name, ProducerId& id) {
  const auto [it, made] = names_.try_emplace(name, static_cast<int>(producers_.size()));
  if (made) producers_.emplace_back().name = name;
  Producer& producer = producers_[static_cast<std::size_t>(it->second)];
  if (producer.txn >= 0) {
    if (transaction(producer.txn).decision == Transaction::Decision::Open) {
      ++producer.epoch;
      decide(producer.txn, Transaction::Decision::Abort);
    }
    return Answer::Busy;
  }
  id = {it->second, ++producer.epoch};
  return Answer::Ok;
}

Answer Broker::join_transaction(ProducerId id, std::int32_t& txn) {
  Producer& producer = producers_[static_cast<std::size_t>(id.producer)];
  if (producer.epoch != id.epoch) return Answer::ProducerFenced;
  if (producer.txn >= 0 && transaction(producer.txn).decision != Transaction::Decision::Open) return Answer::Busy;
  if (producer.txn < 0) {
    producer.txn = static_cast<std::int32_t>(transactions_.size());
    Transaction& made = transactions_.emplace_back();
    made.producer = id.producer;
    made.began = scheduler_.now();
    ++pending_;
  }
  txn = producer.txn;
  return Answer::Ok;
}

Answer Broker::produce(ProducerId id, TopicPartition at, Entry entry, Offset& offset) {
  std::int32_t txn = -1;
  if (const Answer joined = join_transaction(id, txn); joined != Answer::Ok) return joined;
  PartitionLog& partition = writable(at);
  Transaction& transaction = transactions_[static_cast<std::size_t>(txn)];
  if (std::find(transaction.partitions.begin(), transaction.partitions.end(), at) == transaction.partitions.end()) {
    transaction.partitions.push_back(at);
    partition.unmarked.emplace_back(txn, partition.end());
  }
  entry.txn = txn;
  offset = append(at, std::move(entry));
  return Answer::Ok;
}

Answer Broker::send_offsets(ProducerId id, MemberId member, const std::map<TopicPartition, Offset>& offsets) {
  std::int32_t txn = -1;
  if (const Answer joined = join_transaction(id, txn); joined != Answer::Ok) return joined;
  // Without member and generation nothing is checked: that is the real broker's way.
  if (observer_ != nullptr) observer_->on_offsets_sent(member, offsets);
  if (member.valid()) {
    if (const Answer answer = members_->check(member); answer != Answer::Ok) return answer;
  }
  Transaction& transaction = transactions_[static_cast<std::size_t>(txn)];
  if (!std::exchange(transaction.has_offsets, true)) with_offsets_.push_back(txn);
  for (const auto& [at, offset] : offsets) transaction.offsets[at] = offset;
  return Answer::Ok;
}

Answer Broker::end_transaction(ProducerId id, bool commit) {
  const Producer& producer = producers_[static_cast<std::size_t>(id.producer)];
  if (producer.epoch != id.epoch) return Answer::ProducerFenced;
  const Transaction::Decision wanted = commit ? Transaction::Decision::Commit : Transaction::Decision::Abort;
  if (producer.txn < 0) return producer.last == wanted ? Answer::Ok : Answer::NoTransaction;
  const Transaction::Decision decision = transaction(producer.txn).decision;
  if (decision != Transaction::Decision::Open) return decision == wanted ? Answer::Ok : Answer::NoTransaction;
  decide(producer.txn, wanted);
  return Answer::Ok;
}

void Broker::late_offsets(ProducerId id, const std::map<TopicPartition, Offset>& offsets) {
  const Producer& producer = producers_[static_cast<std::size_t>(id.producer)];
  if (producer.epoch != id.epoch || producer.txn < 0) return;
  Transaction& open = transactions_[static_cast<std::size_t>(producer.txn)];
  if (open.decision != Transaction::Decision::Open || !open.has_offsets) return;
  for (const auto& [at, offset] : offsets) open.offsets[at] = offset;
}

void Broker::decide(std::int32_t txn, Transaction::Decision decision) {
  Transaction& transaction = transactions_[static_cast<std::size_t>(txn)];
  transaction.decision = decision;
  producers_[static_cast<std::size_t>(transaction.producer)].last = decision;
  transaction.unmarked = static_cast<int>(transaction.partitions.size()) + (transaction.has_offsets ? 1 : 0);
  if (scheduler_.traced()) {
    scheduler_.trace(fmt::format("transaction {} of producer {} is to {}", txn, transaction.producer,
                                 decision == Transaction::Decision::Commit ? "commit" : "abort"));
  }
  if (decision == Transaction::Decision::Commit && observer_ != nullptr) observer_->on_commit_decided(txn);
  if (transaction.unmarked == 0) {
    transaction.unmarked = 1;
    marked(txn);
    return;
  }
  Dice& dice = scheduler_.dice();
  const bool slow = dice.percent(rules_.slow_markers);
  // A broker that is restarted in between writes what is left of them once it is back.
  const int longest = !slow ? 4 : dice.one_in(10) ? 4'000 : 300;
  for (std::size_t i = 0; i < static_cast<std::size_t>(transaction.unmarked); ++i) {
    const int delay = dice.below(longest);
    scheduler_.after(Duration{delay}, [this, key = static_cast<std::size_t>(txn) << 16 | i] {
      mark(static_cast<std::int32_t>(key >> 16), key & 0xffff);
    });
  }
}

void Broker::mark(std::int32_t txn, std::size_t index) {
  Transaction& transaction = transactions_[static_cast<std::size_t>(txn)];
  const bool commit = transaction.decision == Transaction::Decision::Commit;
  if (index == transaction.partitions.size()) {
    transaction.offsets_marked = true;
    std::erase(with_offsets_, txn);
    if (commit) {
      for (const auto& [at, offset] : transaction.offsets) committed_[at] = offset;
    }
  } else {
    const TopicPartition at = transaction.partitions[index];
    PartitionLog& partition = writable(at);
    std::erase_if(partition.unmarked, [txn](const auto& open) { return open.first == txn; });
    append(at, {.key = {}, .value = {}, .headers = {}, .timestamp = scheduler_.now(), .txn = txn, .marker = true});
  }
  marked(txn);
}

void Broker::marked(std::int32_t txn) {
  Transaction& transaction = transactions_[static_cast<std::size_t>(txn)];
  if (--transaction.unmarked > 0) return;
  --pending_;
  Producer& producer = producers_[static_cast<std::size_t>(transaction.producer)];
  if (producer.txn == txn) producer.txn = -1;
}

void Broker::abort_old() {
  for (Producer& producer : producers_) {
    if (producer.txn < 0) continue;
    const Transaction& open = transaction(producer.txn);
    if (open.decision != Transaction::Decision::Open) continue;
    if (scheduler_.now() - open.began < rules_.transaction_timeout) continue;
    ++producer.epoch;
    decide(producer.txn, Transaction::Decision::Abort);
  }
  scheduler_.after(rules_.abort_every, [this] { abort_old(); });
}

// ---- offsets of the group

std::optional<Offset> Broker::committed(TopicPartition at) const {
  const auto it = committed_.find(at);
  return it == committed_.end() ? std::nullopt : std::optional(it->second);
}

bool Broker::unstable(TopicPartition at) const {
  return std::any_of(with_offsets_.begin(), with_offsets_.end(),
                     [&](std::int32_t txn) { return transaction(txn).offsets.contains(at); });
}

}  // namespace ebc::simulation
