#include "topology/testing/fake_log.h"

#include <algorithm>
#include <set>

namespace ebc::topology::testing {

void FakeLog::create_topic(const std::string& topic, int partitions) {
  auto& logs = topics_[topic];
  if (logs.size() < static_cast<std::size_t>(partitions)) logs.resize(static_cast<std::size_t>(partitions));
}

int FakeLog::partitions(const std::string& topic) const {
  const auto it = topics_.find(topic);
  return it == topics_.end() ? 0 : static_cast<int>(it->second.size());
}

Offset FakeLog::append(const TopicPartition& at, LogRecord record) {
  auto& entries = log(at).entries;
  entries.push_back({State::Committed, std::move(record), {}});
  return static_cast<Offset>(entries.size()) - 1;
}

Offset FakeLog::append(const TopicPartition& at, LogRecord record, const ProducerEpoch& producer) {
  auto& entries = log(at).entries;
  entries.push_back({State::Open, std::move(record), producer});
  const Offset offset = static_cast<Offset>(entries.size()) - 1;
  open_[producer.id].records.emplace_back(at, offset);
  return offset;
}

Offset FakeLog::start(const TopicPartition& at) const { return log(at).start; }
Offset FakeLog::end(const TopicPartition& at) const { return static_cast<Offset>(log(at).entries.size()); }

Offset FakeLog::last_stable(const TopicPartition& at) const {
  const auto& entries = log(at).entries;
  const auto open = std::find_if(entries.begin(), entries.end(), [](const Entry& e) { return e.state == State::Open; });
  return open - entries.begin();
}

void FakeLog::truncate(const TopicPartition& at, Offset offset) { log(at).start = std::max(log(at).start, offset); }

FakeLog::Read FakeLog::read_committed(const TopicPartition& at, Offset from, std::size_t limit) const {
  Read read{.records = {}, .next = from};
  const Offset stable = last_stable(at);
  for (; read.next < stable && read.records.size() < limit; ++read.next) {
    const Entry& entry = log(at).entries[static_cast<std::size_t>(read.next)];
    if (entry.state == State::Committed) read.records.emplace_back(read.next, entry.record);
  }
  return read;
}

ProducerEpoch FakeLog::init_producer(const std::string& id) {
  const ProducerEpoch before{id, epochs_[id]};
  if (open_.contains(id)) end_transaction(before, false);
  return {id, ++epochs_[id]};
}

bool FakeLog::fenced(const ProducerEpoch& producer) const {
  const auto it = epochs_.find(producer.id);
  return it == epochs_.end() || it->second != producer.epoch;
}

void FakeLog::send_offsets(const std::map<TopicPartition, Offset>& offsets, const ProducerEpoch& producer) {
  for (const auto& [at, offset] : offsets) open_[producer.id].offsets[at] = offset;
}

void FakeLog::end_transaction(const ProducerEpoch& producer, bool commit) {
  const auto it = open_.find(producer.id);
  if (it == open_.end()) return;
  std::set<TopicPartition> touched;
  for (const auto& [at, offset] : it->second.records) {
    log(at).entries[static_cast<std::size_t>(offset)].state = commit ? State::Committed : State::Aborted;
    touched.insert(at);
  }
  for (const TopicPartition& at : touched) log(at).entries.push_back({State::Marker, {}, producer});
  if (commit) commit_offsets(it->second.offsets);
  open_.erase(it);
}

std::optional<Offset> FakeLog::committed(const TopicPartition& at) const {
  const auto it = committed_.find(at);
  return it == committed_.end() ? std::nullopt : std::optional(it->second);
}

bool FakeLog::offsets_pending(const TopicPartition& at) const {
  return std::any_of(open_.begin(), open_.end(), [&](const auto& open) { return open.second.offsets.contains(at); });
}

void FakeLog::commit_offsets(const std::map<TopicPartition, Offset>& offsets) {
  for (const auto& [at, offset] : offsets) committed_[at] = offset;
}

}  // namespace ebc::topology::testing
