// The inside of Engine: what it is made of, and its threads. Internal to topology/engine*.cpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "topology/denial.h"
#include "topology/engine.h"
#include "topology/fencer.h"
#include "topology/home_clock.h"
#include "topology/instance.h"
#include "topology/kafka_changelog_reader.h"
#include "topology/kafka_offsets.h"
#include "topology/kafka_statistics.h"
#include "topology/placement.h"
#include "topology/routing_advice.h"
#include "topology/stall_watch.h"
#include "topology/standbys.h"
#include "topology/stream_worker.h"
#include "topology/take_queue.h"

namespace ebc::topology {

/// Threads: one a StreamWorker; one that restores, flushes the database and purges; one that keeps the homes' clock and
/// watches the clients; one that talks with the other instances and fences dead ones; with standbys, one that follows.
class Engine::Impl {
 public:
  Impl(EngineConfig config, SupplierFactory suppliers);
  ~Impl();

  EngineFailure start();
  void advertise_http(std::string address) { http_ = std::move(address); }
  void request_stop();
  EngineFailure wait();
  EngineSnapshot snapshot() const;
  std::vector<InstanceInfo> instances() const;
  std::optional<InstanceInfo> owner_of(Partition home) const;
  std::shared_ptr<const state::CommittedStore> committed_store(Partition home) const;
  state::RocksUsage state_usage() const;
  std::map<std::string, std::string> kafka_statistics() const { return statistics_.latest(); }

 private:
  using Kind = EngineFailure::Kind;

  struct Stream {
    explicit Stream(Duration stall_timeout) : stall(stall_timeout) {}
    std::unique_ptr<ProcessorSupplier> supplier;
    std::unique_ptr<StreamWorker> worker;
    StreamWorker::SourceFactory make_source;
    std::thread thread;
    std::atomic<std::int64_t> turned_ms{0};
    std::atomic<bool> stalled{false};  ///< its consumer is to be replaced
    StallWatch stall;                  ///< the clock thread's
  };

  EngineFailure make_restoring();
  EngineFailure make_standbys();
  EngineFailure refuse_namesake();
  EngineFailure make_fencer();
  EngineFailure make_workers();

  void run_stream(Stream& stream);
  /// After a fence. False: another live process has our id.
  bool may_rejoin(const Status& why);
  void run_restoring();
  void purge_repartition();
  void run_clock();
  void watch(Stream& stream);
  bool waits_for_input(const Stream& stream, std::uint64_t& progress);
  void stop_if_denied(const EngineSnapshot& seen, Timestamp now);
  void run_placement();
  void run_standbys();
  void fail(Kind kind, const std::string& message);

  InstanceRecord own_record() const;
  bool runs(Partition home) const;
  std::string not_ready_reason(const EngineSnapshot& snapshot) const;

  const EngineConfig config_;
  const SupplierFactory suppliers_;
  std::string http_;  ///< where other instances find ours; constant once started
  const SystemClock clock_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> started_{false};  ///< everything that is made at start is there
  std::atomic<bool> workers_done_{false};
  KafkaStatistics statistics_;
  ActivityTimes restoring_times_;
  Instance instance_;
  std::unique_ptr<HomeBoard> board_;
  std::unique_ptr<KafkaOffsets> take_offsets_, clock_offsets_, standby_offsets_;
  std::unique_ptr<KafkaChangelogReader> reader_, standby_reader_;
  std::unique_ptr<TakeQueue> takes_;
  std::unique_ptr<HomeClock> home_clock_;
  std::unique_ptr<Standbys> standbys_;  ///< null without --standby
  std::unique_ptr<Placement> placement_;
  std::unique_ptr<KafkaAdmin> placement_admin_;
  std::unique_ptr<Fencer> fencer_;  ///< null when nothing is transactional
  RoutingAdvice routing_advice_;    ///< the placement thread's
  DenialWatch denial_watch_;        ///< likewise
  std::vector<std::unique_ptr<Stream>> streams_;
  std::thread restoring_thread_, clock_thread_, placement_thread_, standby_thread_;
  bool purge_denied_ = false;                ///< the restoring thread's: it was said
  std::atomic<std::int64_t> contact_ms_{0};  ///< when Kafka last answered the clock's thread

  mutable std::mutex stop_mutex_;
  std::condition_variable stopped_;
  EngineFailure failure_;  // guarded by stop_mutex_
};

/// A clock that only ever goes forward, ms.
std::int64_t steady_ms();

}  // namespace ebc::topology
