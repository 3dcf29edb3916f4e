// One run of chaos: a broker and instances of its own, load on them, faults by seed, and then the reckoning.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/broker/broker_test.h"
#include "tests/broker/dead_letters.h"
#include "tests/chaos/chaos_options.h"
#include "tests/chaos/faults.h"
#include "tests/chaos/instance.h"
#include "tests/chaos/own_broker.h"

namespace ebc::chaos {

struct ChaosResult {
  broker_test::CheckReport outcomes;
  broker_test::LetterReport letters;
  /// Ends of processes that nobody wanted, and wanted ones that were not as they should be.
  std::vector<std::string> bad_ends;
  /// SIGTERM while the broker or the way to it was away: given up after its 5 s, with exit code 1, as it should be.
  std::size_t forced_ends = 0;
  std::size_t unborn_ends = 0;                ///< SIGTERM before the program's first line: nobody listens yet
  std::map<std::string, std::size_t> faults;  ///< by name
  std::size_t delayed_groups = 0;             ///< to time out, with events that came into the log late
  std::int64_t slowest_end_ms = 0;            ///< from SIGTERM to exit
  std::int64_t ready_after_ms = 0;            ///< from the last fault's end until all instances were ready
};

class ChaosRun {
 public:
  /// Starts all. `folder` keeps the logs; it must exist.
  ChaosRun(ChaosOptions options, std::filesystem::path folder);

  /// Throws std::runtime_error when the surroundings fail, or when the instances aren't ready in the end.
  ChaosResult run();

 private:
  void start_instances();
  void turn();
  bool over() const;
  bool apply(Fault fault);
  bool apply_to_broker(Fault fault);
  bool apply_to_instance(Fault fault, Instance& instance);
  bool damage(Fault fault, Instance& instance);
  void watch_broker();
  void watch_instances();
  void watch_end(Instance& instance);
  bool was_cut_off(const Instance& instance) const;
  void restart_later(Instance& instance);
  void heal();
  void reckon(ChaosResult& result);

  Instance* any_running();
  void later(milliseconds delay, std::function<void()> action);
  milliseconds chance(std::int64_t low_ms, std::int64_t high_ms) {
    return milliseconds(faults_.between(low_ms, high_ms));
  }
  void note(const std::string& what);

  const ChaosOptions options_;
  const std::filesystem::path folder_;
  const std::string app_id_ = "chaos", topic_ = "events";
  FaultSequence faults_;
  OwnBroker broker_;
  std::unique_ptr<broker_test::KafkaAdmin> admin_;
  std::vector<std::unique_ptr<Instance>> instances_;
  std::unique_ptr<broker_test::Workload> workload_;
  std::multimap<std::int64_t, std::function<void()>> agenda_;  ///< by ms since the start
  broker_test::Stopwatch since_start_;

  enum class BrokerState { Up, Stopping, Down, Starting } broker_state_ = BrokerState::Up;
  struct Outage {
    std::int64_t from_ms = 0, to_ms = 0;  ///< wall clock
  };
  std::vector<Outage> outages_;
  ChaosResult result_;
};

}  // namespace ebc::chaos
