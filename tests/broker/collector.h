// One instance of the program under test: `eb-collector run` (or `dev`) with a state folder and an HTTP port of its
// own.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/broker/http_get.h"
#include "tests/broker/process.h"

namespace ebc::broker_test {

/// The program under test: the one that was built with the tests, or EBC_BINARY.
std::string collector_binary();

/// Samples of the Prometheus text format: name with its labels as written -> value.
std::map<std::string, double> parse_metrics(const std::string& text);

using Environment = std::vector<std::pair<std::string, std::string>>;

struct CollectorOptions {
  std::string command = "run";
  std::vector<std::string> arguments;  ///< all but --http
  std::filesystem::path log;           ///< appended to by each start
  Environment environment = {};        ///< added to the test's own
};

class Collector {
 public:
  explicit Collector(CollectorOptions options) : options_(std::move(options)), http_port_(free_port()) {}

  void start();
  /// Waits for /readyz to say 200; throws with the log's end when it doesn't within `limit`, or the program ends.
  void wait_until_ready(milliseconds limit = 30s);
  void start_and_wait() { start(), wait_until_ready(); }

  /// SIGKILL, and gone when it returns.
  void kill9();
  /// SIGTERM; throws when it still runs after `limit`.
  ProcessEnd stop(milliseconds limit = 10s);

  Process& process() { return *process_; }
  bool running() { return process_ && process_->running(); }
  int http_port() const { return http_port_; }
  /// Of the run at hand, or the last one.
  std::string log() const { return process_ ? process_->output() : ""; }

  std::optional<HttpAnswer> get(const std::string& path) const { return http_get(http_port_, path); }
  bool ready() const;
  /// Homes running here; none when it doesn't answer.
  std::set<int> running_homes() const;
  /// Lag of the homes that are followed here, by home.
  std::map<int, double> standby_lags() const;
  /// The sum of all samples of `eb_collector_NAME`, whatever their labels; nullopt: no such metric, or no answer.
  std::optional<double> metric(const std::string& name) const;

 private:
  std::string log_tail() const;
  std::map<int, double> by_home(const std::string& name) const;

  CollectorOptions options_;
  int http_port_;
  std::unique_ptr<Process> process_;
};

}  // namespace ebc::broker_test
