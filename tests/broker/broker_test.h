// The fixture of the tests on a real broker: names of its own, a folder of its own, and a few words to write a test
// with.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/broker/collector.h"
#include "tests/broker/kafka_probe.h"
#include "tests/broker/outcome.h"
#include "tests/broker/outcome_checker.h"
#include "tests/broker/wait.h"
#include "tests/broker/workload.h"

namespace ebc::broker_test {

/// Prints `MEASURED name=value`, for figures that are to be quoted.
void measured(const std::string& name, double value);

/// A workload under way on a thread of its own.
class RunningWorkload {
 public:
  RunningWorkload(Workload& workload, const std::string& brokers, const std::string& topic);
  ~RunningWorkload();
  /// Begins no new groups, waits for those that were begun; throws what went wrong.
  void stop();
  /// Waits for all groups.
  void finish();
  bool done() const { return done_; }

 private:
  std::atomic<bool> stop_{false}, done_{false};
  std::string error_;
  std::thread thread_;
};

class BrokerTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  const std::string& brokers() const { return brokers_; }
  const KafkaAdmin& admin() const { return *admin_; }
  const std::string& app_id() const { return name_; }
  /// A topic (or file) name that no other test has.
  std::string name(const std::string& suffix) const { return name_ + "-" + suffix; }
  std::filesystem::path folder() const { return folder_; }
  std::filesystem::path state_dir(const std::string& instance = "a") const { return folder_ / ("state-" + instance); }

  /// Makes the input topic `topic()`.
  void make_topic(int partitions, const Settings& config = {});
  const std::string& topic() const { return topic_; }

  /// `run` on topic() with the state folder of `instance`.
  std::vector<std::string> run_arguments(const std::vector<std::string>& extra = {},
                                         const std::string& instance = "a") const;
  std::unique_ptr<Collector> make_collector(const std::vector<std::string>& extra = {},
                                            const std::string& instance = "a");
  /// The same, started and ready.
  std::unique_ptr<Collector> start_collector(const std::vector<std::string>& extra = {},
                                             const std::string& instance = "a");

  /// Everything in the input and in the repartition topic was processed and committed.
  bool caught_up() const;
  void wait_until_caught_up(milliseconds limit = 30s) const;

  /// Reads until this many groups have outcomes.
  void wait_for_resolved(KafkaReader& reader, std::size_t groups, milliseconds limit);

  /// Reads topic() until each group has an outcome, then lets one more group in each home time out, so that late
  /// doubles are seen too, and compares all with the plan.
  CheckReport check_all(std::vector<PlannedGroup> plan, milliseconds limit = 60s,
                        const std::string& closing_ttl = "0.5");

 private:
  std::string brokers_, name_, topic_;
  int partitions_ = 0;
  std::filesystem::path folder_;
  std::unique_ptr<KafkaAdmin> admin_;
};

/// What was planned for exactly this: reported in words, and false when something differs.
::testing::AssertionResult is_exactly_once(const CheckReport& report);

}  // namespace ebc::broker_test
