// One instance of the application: the real workers, takes, clock and processors of one process, over simulated
// clients, with the threads that topology/engine gives them. It may be killed at any step and started again on its
// disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "processor/group/collector.h"
#include "tests/simulation/consumer_group.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/sim_clients.h"
#include "tests/simulation/sim_placement.h"
#include "topology/home_clock.h"
#include "topology/stream_worker.h"
#include "topology/take_queue.h"

namespace ebc::simulation {

/// What all instances share.
struct Cluster {
  Scheduler& scheduler;
  Broker& broker;
  ConsumerGroup& group;
  const Faults& faults;
  group::CollectorOptions collector;
  Duration transaction_timeout;
  Duration trust_local_state_for;
  Duration session;
  int homes;
  bool at_least_once = false;
  /// With `standbys`: how many an instance follows of each home, and what the instances tell each other. Without, they
  /// know nothing of each other, and nobody fences.
  int standbys;
  InstancesTopic instances;
};

struct ProcessOptions {
  std::string name;
  int threads = 1;
  bool static_member = true;
  bool leave_on_stop = true;
};

class SimProcess {
 public:
  SimProcess(Cluster& cluster, ProcessOptions options, DiskObserver& observer);
  ~SimProcess();

  /// With a new life on the same disk.
  void start();
  /// In good order; running() says when it is over.
  void request_stop() { stop_ = true; }
  /// After its actors have ended, by a kill or a stop.
  void bury();
  void lose_disk();

  bool alive() const { return life_ != nullptr; }
  bool stopped() const { return alive() && !cluster_.scheduler.running(state_); }
  ProcessState& state() { return state_; }
  ProcessOptions& options() { return options_; }
  const topology::WorkerCounters& counters(std::size_t thread) const;
  std::string describe() const;

 private:
  struct Life;
  std::unique_ptr<topology::Sink> make_sink(const std::string& transactional_id);
  void run_stream(std::size_t thread);
  void run_restoring();
  void run_clock();
  void run_placement();
  void run_standbys();
  void start_following();
  topology::InstanceRecord own_record() const;
  std::string identity() const;
  void purge();

  Cluster& cluster_;
  ProcessOptions options_;
  ProcessState state_;
  Disk disk_;
  int identity_ = 0;  ///< another one for each folder
  int threads_max_ = 0;
  bool stop_ = false;
  std::unique_ptr<Life> life_;
};

}  // namespace ebc::simulation
