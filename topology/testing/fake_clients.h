// The engine's interfaces over a FakeLog.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "topology/changelog_reader.h"
#include "topology/log.h"
#include "topology/sink.h"
#include "topology/source.h"
#include "topology/testing/fake_log.h"

namespace ebc::topology::testing {

struct FakeTopics {
  std::string input, repartition, changelog;
  FakeLog::TopicPartition at(LogPartition log) const {
    const std::string& topic = log.channel == Channel::Input         ? input
                               : log.channel == Channel::Repartition ? repartition
                                                                     : changelog;
    return {topic, log.partition};
  }
};

/// How the next commit goes wrong.
enum class CommitFailure {
  None,
  Refused,           ///< the broker says no; nothing counts
  UnknownCommitted,  ///< it took effect, but the answer is lost
  UnknownAborted,    ///< it did not, and the answer is lost
  Fenced,            ///< another producer of our name has come
};

/// What a test does to the clients from outside; outlives them.
struct FakeFaults {
  CommitFailure next_commit = CommitFailure::None;
  bool offsets_silent = false;  ///< questions about offsets aren't answered
  bool membership_void = false;
  std::deque<Fetched> redelivered;
  bool commits_are_slow = false;           ///< they succeed, but a late copy of the request may be under way
  std::set<std::string> topics_to_refuse;  ///< refused at the commit, and known to be refused from then on
  std::set<std::string> refused_topics;
  // Faults of the code under test, counted.
  int begun_with_late_copies = 0;           ///< transactions that a late copy could end
  int assignments_changed_in_callback = 0;  ///< each would be a second answer to the rebalance
};

class FakeMembership final : public Membership {
 public:
  explicit FakeMembership(bool valid) : valid_(valid) {}
  bool valid() const override { return valid_; }

 private:
  bool valid_;
};

class FakeSource final : public RecordSource {
 public:
  FakeSource(FakeLog& log, FakeTopics topics, FakeFaults& faults, RebalanceListener& listener)
      : log_(log), topics_(std::move(topics)), faults_(faults), listener_(listener) {}

  /// Told to the listener at the next poll.
  void rebalance(std::vector<Partition> assigned, std::vector<Partition> revoked = {},
                 std::vector<Partition> lost = {});

  Result<Batch> poll(Duration wait) override;
  Status assign(std::span<const LogPosition> positions) override;
  Status stop(std::span<const LogPartition> logs) override;
  std::unique_ptr<Membership> membership() override;
  Status commit_offsets(std::span<const LogPosition> positions) override;
  void close(bool leave, Duration limit) override;
  void wake() override {}

 private:
  void tell_listener();
  void fetch(LogPartition log, Offset& next);

  FakeLog& log_;
  const FakeTopics topics_;
  FakeFaults& faults_;
  RebalanceListener& listener_;
  std::vector<Partition> to_assign_, to_revoke_, to_lose_;
  bool in_callback_ = false;
  std::set<Partition> inputs_;
  std::map<LogPartition, Offset> positions_;
  std::deque<LogRecord> storage_;  ///< what the batch at hand looks at
  std::deque<std::vector<Header>> headers_;
  std::vector<Fetched> records_;
  std::vector<LogPosition> ends_;
  std::vector<LogPartition> broken_;
};

/// Exactly-once.
class FakeSink final : public Sink {
 public:
  FakeSink(FakeLog& log, FakeTopics topics, FakeFaults& faults, std::string id)
      : log_(log), topics_(std::move(topics)), faults_(faults), id_(std::move(id)) {}

  Status open() override;
  Status begin() override;
  void produce(const SinkRecord& record) override;
  bool accepts(std::string_view topic, std::size_t bytes) override;
  Status settle_outputs() override { return {}; }
  Status commit(std::span<const LogPosition> positions, const Membership& membership) override;
  std::optional<Offset> delivered_offset(int tag) const override;
  Status finish(std::span<const LogPosition>) override { return {}; }
  Status abort() override;
  bool wants_replacing() const override { return suspect_; }

 private:
  FakeLog& log_;
  const FakeTopics topics_;
  FakeFaults& faults_;
  const std::string id_;
  bool suspect_ = false;
  bool commit_asked_ = false;
  ProducerEpoch producer_;
  std::map<int, Offset> delivered_;
  std::set<std::string> written_;  ///< topics, since begin()
};

class FakeOffsets final : public LogOffsets {
 public:
  FakeOffsets(const FakeLog& log, FakeTopics topics, const FakeFaults& faults)
      : log_(log), topics_(std::move(topics)), faults_(faults) {}

  Result<int> input_partitions() override;
  Result<Positions> ends(std::span<const LogPartition> logs) override;
  Result<Positions> starts(std::span<const LogPartition> logs) override;
  Result<Offset> offset_at(LogPartition log, Timestamp time) override;
  Result<Offset> last_stable_offset(LogPartition log) override;
  Result<MaybePositions> stable_committed(std::span<const LogPartition> logs) override;
  Result<MaybePositions> committed(std::span<const LogPartition> logs) override;

 private:
  Status silent() const;
  const FakeLog& log_;
  const FakeTopics topics_;
  const FakeFaults& faults_;
};

class FakeChangelogReader final : public ChangelogReader {
 public:
  FakeChangelogReader(const FakeLog& log, FakeTopics topics) : log_(log), topics_(std::move(topics)) {}
  Status start(Partition home, Offset from) override;
  void stop(Partition home) override { positions_.erase(home); }
  Status poll(Duration wait, const Visitor& visitor) override;

 private:
  const FakeLog& log_;
  const FakeTopics topics_;
  std::map<Partition, Offset> positions_;
};

}  // namespace ebc::topology::testing
