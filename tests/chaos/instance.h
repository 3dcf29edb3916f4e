// One instance of the collector under chaos: its process, its state folder and its own way to the broker.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "tests/broker/collector.h"
#include "tests/chaos/kafka_proxy.h"
#include "tests/chaos/own_broker.h"

namespace ebc::chaos {

class Instance {
 public:
  enum class State {
    Running,
    Silent,  ///< SIGSTOP
    Ending,  ///< SIGTERM
    Down,
  };

  /// `arguments` of `run` but --brokers, --state-dir and --http. Starts nothing yet.
  Instance(std::string name, const std::filesystem::path& folder, OwnBroker::Listener listener,
           std::vector<std::string> arguments);

  const std::string& name() const { return name_; }
  State state() const { return state_; }
  KafkaProxy& proxy() { return proxy_; }
  broker_test::Collector& collector() { return collector_; }

  void start();
  void kill9();
  void silence();
  void wake();
  void begin_end();
  /// When ending: how it ended, once it has; it is down then.
  std::optional<broker_test::ProcessEnd> ended();
  /// It was to run, but its process has ended. It is down then, and this says how.
  std::optional<std::string> died();
  milliseconds ending_for() const { return since_end_.elapsed(); }

  /// Notes that its way to the broker is disturbed from now on for so long.
  void cut_off_for(milliseconds time) { cut_off_until_ms_ = broker_test::wall_clock_ms() + time.count(); }
  bool cut_off_since(std::int64_t wall_clock_ms) const { return cut_off_until_ms_ > wall_clock_ms; }

  bool has_tables() const { return !tables().empty(); }
  void remove_state();
  /// Halves a table of the store, or turns a bit of one over; `random` gives numbers from 0 to below its argument.
  /// False when there is none.
  bool truncate_table(const std::function<std::uint64_t(std::uint64_t)>& random);
  bool flip_bit(const std::function<std::uint64_t(std::uint64_t)>& random);

 private:
  std::vector<std::filesystem::path> tables() const;

  std::string name_;
  std::filesystem::path state_dir_;
  KafkaProxy proxy_;
  broker_test::Collector collector_;
  State state_ = State::Down;
  broker_test::Stopwatch since_end_;
  std::int64_t cut_off_until_ms_ = 0;
};

}  // namespace ebc::chaos
