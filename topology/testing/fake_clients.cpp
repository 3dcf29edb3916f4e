#include "topology/testing/fake_clients.h"

#include <algorithm>
#include <charconv>

#include "topology/murmur2.h"

namespace ebc::topology::testing {
namespace {

constexpr std::size_t kBatch = 100;  ///< records of one log in one poll: small, so that batches end in odd places

std::optional<std::string_view> view(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}
std::optional<std::string> copy(const std::optional<std::string_view>& text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

// ---- source

void FakeSource::rebalance(std::vector<Partition> assigned, std::vector<Partition> revoked,
                           std::vector<Partition> lost) {
  to_assign_ = std::move(assigned);
  to_revoke_ = std::move(revoked);
  to_lose_ = std::move(lost);
}

void FakeSource::tell_listener() {
  const auto drop = [this](const std::vector<Partition>& inputs) {
    for (const Partition input : inputs) {
      inputs_.erase(input);
      positions_.erase({Channel::Input, input});
      positions_.erase({Channel::Repartition, input});
    }
  };
  if (const auto revoked = std::exchange(to_revoke_, {}); !revoked.empty()) {
    listener_.on_revoked(revoked);
    drop(revoked);
  }
  if (const auto lost = std::exchange(to_lose_, {}); !lost.empty()) {
    listener_.on_lost(lost);
    drop(lost);
  }
  if (const auto assigned = std::exchange(to_assign_, {}); !assigned.empty()) {
    inputs_.insert(assigned.begin(), assigned.end());
    listener_.on_assigned(assigned);
  }
}

Result<Batch> FakeSource::poll(Duration) {
  in_callback_ = true;
  tell_listener();
  in_callback_ = false;
  storage_.clear();
  headers_.clear();
  records_.clear();
  ends_.clear();
  broken_.clear();
  for (; !faults_.redelivered.empty(); faults_.redelivered.pop_front()) {
    records_.push_back(faults_.redelivered.front());
  }
  for (auto& [log, next] : positions_) fetch(log, next);
  return Batch{records_, ends_, broken_};
}

void FakeSource::fetch(LogPartition log, Offset& next) {
  const auto at = topics_.at(log);
  if (next < log_.start(at)) {
    broken_.push_back(log);
    return;
  }
  auto read = log_.read_committed(at, next, kBatch);
  for (auto& [offset, record] : read.records) {
    const LogRecord& kept = storage_.emplace_back(std::move(record));
    auto& headers = headers_.emplace_back();
    Fetched fetched{.log = log,
                    .offset = offset,
                    .record = {.topic = topics_.input,
                               .partition = log.partition,
                               .offset = offset,
                               .timestamp = kept.timestamp,
                               .key = view(kept.key),
                               .value = view(kept.value),
                               .headers = {}}};
    for (const auto& [name, value] : kept.headers) {
      if (log.channel != Channel::Repartition || name != kOriginHeader) {
        headers.push_back({name, view(value)});
        continue;
      }
      const std::size_t slash = value->find('/');
      std::from_chars(value->data(), value->data() + slash, fetched.record.partition);
      std::from_chars(value->data() + slash + 1, value->data() + value->size(), fetched.record.offset);
    }
    fetched.record.headers = headers;
    records_.push_back(fetched);
  }
  const bool moved = read.next != next;
  next = read.next;
  if (moved && next == log_.last_stable(at)) ends_.push_back({log, next});
}

Status FakeSource::assign(std::span<const LogPosition> positions) {
  faults_.assignments_changed_in_callback += in_callback_ ? 1 : 0;
  for (const LogPosition& position : positions) positions_[position.log] = position.offset_next;
  return {};
}

Status FakeSource::stop(std::span<const LogPartition> logs) {
  for (const LogPartition& log : logs) positions_.erase(log);
  return {};
}

std::unique_ptr<Membership> FakeSource::membership() {
  return std::make_unique<FakeMembership>(!faults_.membership_void);
}

Status FakeSource::commit_offsets(std::span<const LogPosition> positions) {
  std::map<FakeLog::TopicPartition, Offset> offsets;
  for (const LogPosition& position : positions) offsets[topics_.at(position.log)] = position.offset_next;
  log_.commit_offsets(offsets);
  return {};
}

void FakeSource::close(bool leave, Duration) {
  if (!leave) return;
  rebalance({}, {inputs_.begin(), inputs_.end()});
  tell_listener();
}

// ---- sink

Status FakeSink::open() {
  producer_ = log_.init_producer(id_);
  return {};
}

bool FakeSink::accepts(std::string_view topic, std::size_t) {
  return log_.has_topic(std::string(topic)) && !faults_.refused_topics.contains(std::string(topic));
}

Status FakeSink::begin() {
  faults_.begun_with_late_copies += suspect_ ? 1 : 0;
  delivered_.clear();
  written_.clear();
  commit_asked_ = false;
  return {};
}

void FakeSink::produce(const SinkRecord& record) {
  if (log_.fenced(producer_)) return;
  const std::string topic(record.topic);
  written_.insert(topic);
  const int partitions = log_.partitions(topic);
  const Partition partition = record.partition.value_or(record.key ? home_of(*record.key, partitions) : 0);
  LogRecord kept{.key = copy(record.key), .value = copy(record.value), .timestamp = record.timestamp, .headers = {}};
  for (const Header& header : record.headers) kept.headers.emplace_back(header.name, copy(header.value));
  const Offset offset = log_.append({topic, partition}, std::move(kept), producer_);
  if (record.tag >= 0) delivered_[record.tag] = offset;
}

Status FakeSink::commit(std::span<const LogPosition> positions, const Membership&) {
  if (log_.fenced(producer_)) return {Verdict::Fenced, "a newer producer of this name has come"};
  for (const std::string& topic : faults_.topics_to_refuse) {
    if (!written_.contains(topic)) continue;
    faults_.refused_topics.insert(topic);
    return {Verdict::AbortTransaction, "the broker refuses " + topic + ", as the test wants it"};
  }
  const CommitFailure failure = std::exchange(faults_.next_commit, CommitFailure::None);
  if (failure == CommitFailure::Refused) return {Verdict::AbortTransaction, "refused, as the test wants it"};
  if (failure == CommitFailure::Fenced) {
    log_.init_producer(id_);
    return {Verdict::Fenced, "fenced, as the test wants it"};
  }
  std::map<FakeLog::TopicPartition, Offset> offsets;
  for (const LogPosition& position : positions) offsets[topics_.at(position.log)] = position.offset_next;
  log_.send_offsets(offsets, producer_);
  commit_asked_ = true;
  if (failure == CommitFailure::UnknownAborted) return {Verdict::AbortTransaction, "no answer, as the test wants it"};
  log_.end_transaction(producer_, true);
  suspect_ = faults_.commits_are_slow;
  if (failure == CommitFailure::UnknownCommitted) return {Verdict::AbortTransaction, "no answer, as the test wants it"};
  return {};
}

Status FakeSink::abort() {
  if (commit_asked_) return {Verdict::AbortTransaction, "a commit was asked for"};
  if (log_.fenced(producer_)) return {Verdict::AbortTransaction, "a newer producer of this name has come"};
  log_.end_transaction(producer_, false);
  return {};
}

std::optional<Offset> FakeSink::delivered_offset(int tag) const {
  const auto it = delivered_.find(tag);
  return it == delivered_.end() ? std::nullopt : std::optional(it->second);
}

// ---- offsets

Status FakeOffsets::silent() const {
  return faults_.offsets_silent ? Status{Verdict::Retry, "no answer, as the test wants it"} : Status{};
}

Result<int> FakeOffsets::input_partitions() {
  EBC_TRY(silent());
  return log_.partitions(topics_.input);
}

Result<LogOffsets::Positions> FakeOffsets::ends(std::span<const LogPartition> logs) {
  EBC_TRY(silent());
  Positions positions;
  for (const LogPartition& log : logs) positions.push_back(log_.end(topics_.at(log)));
  return positions;
}

Result<LogOffsets::Positions> FakeOffsets::starts(std::span<const LogPartition> logs) {
  EBC_TRY(silent());
  Positions positions;
  for (const LogPartition& log : logs) positions.push_back(log_.start(topics_.at(log)));
  return positions;
}

Result<Offset> FakeOffsets::offset_at(LogPartition log, Timestamp time) {
  EBC_TRY(silent());
  const auto at = topics_.at(log);
  for (const auto& [offset, record] : log_.read_committed(at, log_.start(at)).records) {
    if (record.timestamp >= time) return offset;
  }
  return log_.end(at);
}

Result<Offset> FakeOffsets::last_stable_offset(LogPartition log) {
  EBC_TRY(silent());
  return log_.last_stable(topics_.at(log));
}

Result<LogOffsets::MaybePositions> FakeOffsets::stable_committed(std::span<const LogPartition> logs) {
  for (const LogPartition& log : logs) {
    if (log_.offsets_pending(topics_.at(log))) return Status(Verdict::Retry, "offsets are pending");
  }
  return committed(logs);
}

Result<LogOffsets::MaybePositions> FakeOffsets::committed(std::span<const LogPartition> logs) {
  EBC_TRY(silent());
  MaybePositions positions;
  for (const LogPartition& log : logs) positions.push_back(log_.committed(topics_.at(log)));
  return positions;
}

// ---- changelog reader

Status FakeChangelogReader::start(Partition home, Offset from) {
  positions_[home] = from;
  return {};
}

Status FakeChangelogReader::poll(Duration, const Visitor& visitor) {
  const auto positions = positions_;  // a visit may stop a home
  for (const auto& [home, from] : positions) {
    const auto at = topics_.at({Channel::Changelog, home});
    if (from < log_.start(at)) {
      visitor.broken(home);
      continue;
    }
    const auto read = log_.read_committed(at, from, kBatch);
    for (const auto& [offset, record] : read.records)
      visitor.record(home, offset, view(record.key), view(record.value));
    if (read.next == log_.last_stable(at)) visitor.end(home, read.next);
    if (const auto it = positions_.find(home); it != positions_.end()) it->second = read.next;
  }
  return {};
}

}  // namespace ebc::topology::testing
