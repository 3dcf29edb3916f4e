// RecordSource over the simulated broker: one member of the consumer group, with the habits of librdkafka's client.
//
// What its own threads do (heartbeats, joining, taking in an assignment) goes on while the application doesn't poll,
// but not while the process is frozen. Callbacks run inside poll(), and a batch may hold records of what they gave up.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/consumer_group.h"
#include "tests/simulation/faults.h"
#include "topology/source.h"

namespace ebc::simulation {

class SimMembership final : public topology::Membership {
 public:
  explicit SimMembership(MemberId member) : member_(member) {}
  bool valid() const override { return member_.valid(); }
  MemberId member() const { return member_; }

 private:
  MemberId member_;
};

class SimSource final : public topology::RecordSource, private ConsumerGroup::Member {
 public:
  SimSource(Scheduler& scheduler, Broker& broker, ConsumerGroup& group, const Faults& faults, ProcessState& process,
            std::string instance, topology::RebalanceListener& listener);
  ~SimSource() override;

  Result<topology::Batch> poll(Duration wait) override;
  Status assign(std::span<const topology::LogPosition> positions) override;
  Status stop(std::span<const topology::LogPartition> logs) override;
  std::unique_ptr<topology::Membership> membership() override;
  Status commit_offsets(std::span<const topology::LogPosition>) override { return {}; }
  void close(bool leave, Duration limit) override;
  void wake() override;

  /// Dropped with the process; what the client's threads would do next then does nothing.
  struct Life {
    bool over = false;
  };

 private:
  struct Callback {
    enum class Kind { Assign, Revoke, Lost } kind;
    std::set<Partition> inputs;
  };
  struct Reading {
    Offset next = 0;
    Offset told_end = -1;
    Timestamp stalled_until{};
  };

  void on_assignment(Assignment assignment) override { inbox_ = std::move(assignment); }
  void beat();
  void take_assignment();
  void put_out();
  void send_join();
  void serve_callbacks();
  void tell(const Callback& callback, const std::vector<Partition>& inputs);
  void only_outside_of_callbacks();
  void drop(const std::set<Partition>& inputs);
  void fetch(topology::LogPartition log, Reading& reading);
  void read(topology::LogPartition log, Offset offset, const Entry& entry);

  Scheduler& scheduler_;
  Broker& broker_;
  ConsumerGroup& group_;
  const Faults& faults_;
  ProcessState& process_;
  const std::string instance_;
  topology::RebalanceListener& listener_;
  std::shared_ptr<Life> life_ = std::make_shared<Life>();

  MemberId member_;
  bool joining_ = false, rejoin_ = false, fenced_ = false, closed_ = false;
  std::optional<Assignment> inbox_;
  std::deque<Callback> callbacks_;
  bool in_callback_ = false;
  std::set<Partition> owned_;
  std::map<topology::LogPartition, Reading> readings_;
  Scheduler::ActorId polling_ = 0;

  std::vector<topology::Fetched> records_;
  std::deque<std::vector<Header>> headers_;
  std::vector<topology::LogPosition> ends_;
  std::vector<topology::LogPartition> broken_;
};

}  // namespace ebc::simulation
