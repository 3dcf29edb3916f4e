// Sinks over the simulated broker: producers with the habits of librdkafka's, one transactional and one idempotent.
//
// What is produced is sent when the dice say so, at the latest before the commit. Requests that get no answer are
// repeated by the client itself, without a word; the first copy may arrive much later.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/broker.h"
#include "tests/simulation/faults.h"
#include "topology/sink.h"

namespace ebc::simulation {

/// A record on its way to the broker.
struct Waiting {
  TopicPartition at;
  Entry entry;
  int tag;
  static Waiting of(const topology::SinkRecord& record, const Broker& broker);
};

class SimSink final : public topology::Sink {
 public:
  SimSink(Scheduler& scheduler, Broker& broker, const Faults& faults, std::string transactional_id)
      : scheduler_(scheduler), broker_(broker), faults_(faults), name_(std::move(transactional_id)) {}

  Status open() override;
  Status begin() override;
  void produce(const topology::SinkRecord& record) override;
  Status settle_outputs() override { return {}; }
  Status commit(std::span<const topology::LogPosition> positions, const topology::Membership& membership) override;
  std::optional<Offset> delivered_offset(int tag) const override;
  Status finish(std::span<const topology::LogPosition>) override { return {}; }
  Status abort() override;
  bool wants_replacing() const override { return suspect_; }

 private:
  /// What becomes of one request. Lost: the client repeats it.
  enum class Way { Fine, RequestLost, AnswerLost };
  Way throw_way();
  Status send(std::size_t most);
  Status send_offsets(const std::map<TopicPartition, Offset>& offsets, MemberId member);
  Status end_transaction(bool commit);
  Status failed(Answer answer, const char* what) const;

  Scheduler& scheduler_;
  Broker& broker_;
  const Faults& faults_;
  const std::string name_;
  ProducerId id_;
  bool suspect_ = false;   ///< a request was sent twice since begin()
  bool known_ = false;     ///< the broker knows of the transaction
  bool deciding_ = false;  ///< its commit was asked for
  std::vector<Waiting> waiting_;
  std::size_t sent_ = 0;  ///< of waiting_
  std::map<int, Offset> delivered_;
  Status produce_failure_;
};

/// Without transactions: seen as soon as it is sent. What was under way when its process ended may still arrive.
class SimPlainSink final : public topology::Sink {
 public:
  SimPlainSink(Scheduler& scheduler, Broker& broker, const Faults& faults)
      : scheduler_(scheduler), broker_(broker), faults_(faults) {}
  ~SimPlainSink() override;

  Status open() override { return {}; }
  Status begin() override;
  void produce(const topology::SinkRecord& record) override;
  void send_now() override;
  bool outputs_wait() const override { return false; }
  Status settle_outputs() override;
  Status commit(std::span<const topology::LogPosition>, const topology::Membership&) override { return {}; }
  std::optional<Offset> delivered_offset(int tag) const override;
  Status finish(std::span<const topology::LogPosition>) override { return {}; }
  bool wants_replacing() const override { return false; }

 private:
  void send_first();

  Scheduler& scheduler_;
  Broker& broker_;
  const Faults& faults_;
  std::deque<Waiting> waiting_;
  std::map<int, Offset> delivered_;
};

}  // namespace ebc::simulation
