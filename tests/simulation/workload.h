// What producers write in a history: groups with all that happens to them, and what else lies on a shared bus.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/broker.h"

namespace ebc::simulation {

struct Policy {
  enum class Kind { All, AllSettled, Any, Race, Quorum, Tolerate } kind = Kind::All;
  int limit = 0;
};

/// A record of a producer, and what became of it on its way into the log.
struct SentEvent {
  enum class Kind { Create, Done, Cancel, Other } kind = Kind::Other;
  int entity = 0;
  std::string result;  ///< as JSON; empty: failed
  std::string error;   ///< as JSON
  std::string json;
  Duration at{0};    ///< when it is appended, from the start of the history
  Duration skew{0};  ///< of the producer's clock
  int transaction = -1;

  Partition partition = 0;
  Offset offset = -1;
  Timestamp timestamp{}, appended{};
  bool aborted = false;
};

struct SentGroup {
  std::string id;
  int expected = 0;  ///< entities 0 .. expected - 1
  Policy policy;
  Duration ttl{0};
  std::string payload;
  std::vector<SentEvent> events;
};

std::string entity_name(int entity);
std::string policy_json(Policy policy);

struct WorkloadOptions {
  int partitions = 1;
  int groups = 1;
  Duration length{2'000};
  bool any_partition = false;  ///< else producers key well
  bool skewed_clocks = false;
  bool transactions = false;  ///< some producers are transactional, and some of them abort
  static WorkloadOptions thrown(Dice& dice);
};

/// Sends what the dice have planned, at its times.
class Workload {
 public:
  Workload(Scheduler& scheduler, Broker& broker, WorkloadOptions options);

  const std::vector<std::unique_ptr<SentGroup>>& groups() const { return groups_; }
  Duration length() const { return length_; }

 private:
  struct Open {
    ProducerId id;
    bool began = false, abort = false;
  };

  void plan_group(int number);
  SentEvent& add(SentGroup& group, SentEvent::Kind kind, Duration at);
  void plan_done(SentGroup& group, int entity, Duration at);
  void send(SentGroup& group, SentEvent& event);

  Scheduler& scheduler_;
  Broker& broker_;
  const WorkloadOptions options_;
  const Timestamp start_;
  Duration length_{0};
  std::vector<std::unique_ptr<SentGroup>> groups_;
  std::vector<Open> transactions_;
};

}  // namespace ebc::simulation
