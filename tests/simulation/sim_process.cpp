#include "tests/simulation/sim_process.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tests/simulation/sim_sink.h"
#include "tests/simulation/sim_source.h"
#include "topology/at_least_once_sink.h"
#include "topology/standbys.h"

namespace ebc::simulation {

using topology::ClockAdvance;
using topology::RebalanceListener;
using topology::RecordSource;
using topology::StreamWorker;
using topology::WorkerMessage;

namespace {
constexpr Duration kFlushEvery{700};
constexpr Duration kPurgeEvery{900};
}  // namespace

/// In the order of construction; dies with the process.
struct SimProcess::Life {
  Life(Cluster& cluster, ProcessState& process)
      : take_offsets(cluster.scheduler, cluster.broker, cluster.faults),
        clock_offsets(cluster.scheduler, cluster.broker, cluster.faults),
        standby_offsets(cluster.scheduler, cluster.broker, cluster.faults),
        reader(cluster.scheduler, cluster.broker, process, false),
        standby_reader(cluster.scheduler, cluster.broker, process, true),
        board(cluster.homes) {}

  SimOffsets take_offsets, clock_offsets, standby_offsets;
  SimChangelogReader reader, standby_reader;
  topology::HomeBoard board;
  std::shared_ptr<group::StatsRegistry> registry = std::make_shared<group::StatsRegistry>();
  std::unique_ptr<topology::TakeQueue> takes;
  std::unique_ptr<topology::HomeClock> clock;
  std::unique_ptr<SimPlacement> placement;       ///< with standbys
  std::unique_ptr<topology::Standbys> standbys;  ///< likewise
  std::vector<std::unique_ptr<ProcessorSupplier>> suppliers;
  std::vector<std::unique_ptr<StreamWorker>> workers;
  int workers_running = 0;
  Scheduler::ActorId restoring = 0;
};

SimProcess::SimProcess(Cluster& cluster, ProcessOptions options, DiskObserver& observer)
    : cluster_(cluster),
      options_(std::move(options)),
      state_{.name = options_.name},
      disk_(cluster.scheduler, cluster.faults, observer) {}

SimProcess::~SimProcess() {
  if (life_) bury();
}

void SimProcess::start() {
  Scheduler& scheduler = cluster_.scheduler;
  const std::string name = state_.name;
  state_ = ProcessState{.name = name};
  stop_ = false;
  life_ = std::make_unique<Life>(cluster_, state_);
  Life& life = *life_;
  const auto post = [this](int thread, WorkerMessage message) {
    StreamWorker& worker = *life_->workers[static_cast<std::size_t>(thread)];
    worker.mailbox().post(std::move(message));
    worker.wake();
  };
  topology::TakeRules rules;
  rules.trust_local_state_for = cluster_.trust_local_state_for;
  if (cluster_.standbys > 0) rules.batch.rows = static_cast<std::size_t>(1 + scheduler.dice().below(40));
  life.takes = std::make_unique<topology::TakeQueue>(rules, disk_, life.take_offsets, life.reader, scheduler, post);
  life.clock = std::make_unique<topology::HomeClock>(
      topology::HomeClockConfig{.recheck = Duration{15},
                                .foreign_wait = topology::longest_transaction(cluster_.transaction_timeout)},
      life.board, life.clock_offsets, [post](int thread, ClockAdvance advance) { post(thread, advance); });

  const SupplierFactory suppliers = group::make_supplier_factory(cluster_.collector, life.registry);
  for (int thread = 0; thread < options_.threads; ++thread) {
    life.suppliers.push_back(suppliers(thread));
    life.workers.push_back(std::make_unique<StreamWorker>(
        topology::WorkerConfig{
            .thread = thread,
            .changelog_topic = std::string(topic_name(Topic::Changelog)),
            .repartition_topic = std::string(topic_name(Topic::Repartition)),
            .buffer_records = static_cast<std::size_t>(2 + scheduler.dice().below(100)),
            .row_cache_bytes = scheduler.dice().one_in(4) ? 0 : std::size_t{1} << (9 + scheduler.dice().below(8))},
        scheduler, *life.suppliers.back(), *life.takes, life.board,
        [this, thread](RecordSource&) { return make_sink(fmt::format("{}-{}", identity(), thread)); }));
  }
  life.workers_running = options_.threads;
  for (std::size_t thread = 0; thread < life.workers.size(); ++thread) {
    scheduler.spawn(fmt::format("{}/{}", name, thread), state_, [this, thread] { run_stream(thread); });
  }
  life.restoring = scheduler.spawn(name + "/restore", state_, [this] { run_restoring(); });
  scheduler.spawn(name + "/clock", state_, [this] { run_clock(); });
  if (cluster_.standbys > 0) start_following();
}

std::unique_ptr<topology::Sink> SimProcess::make_sink(const std::string& transactional_id) {
  auto transactional =
      std::make_unique<SimSink>(cluster_.scheduler, cluster_.broker, cluster_.faults, transactional_id);
  if (!cluster_.at_least_once) return transactional;
  return std::make_unique<topology::AtLeastOnceSink>(
      std::make_unique<SimPlainSink>(cluster_.scheduler, cluster_.broker, cluster_.faults), std::move(transactional));
}

void SimProcess::start_following() {
  Scheduler& scheduler = cluster_.scheduler;
  life_->placement = std::make_unique<SimPlacement>(scheduler, cluster_.broker, cluster_.group, cluster_.instances,
                                                    identity(), cluster_.session);
  topology::StandbyConfig config{.settle = Duration{scheduler.dice().below(300)},
                                 .apply_every = Duration{1 + scheduler.dice().below(50)},
                                 .ask_ends_every = Duration{100},
                                 .retry_after = Duration{100},
                                 .trusted_for = cluster_.trust_local_state_for};
  config.batch.rows = static_cast<std::size_t>(1 + scheduler.dice().below(40));
  life_->standbys =
      std::make_unique<topology::Standbys>(config, disk_, life_->standby_offsets, life_->standby_reader, scheduler);
  scheduler.spawn(state_.name + "/placement", state_, [this] { run_placement(); });
  scheduler.spawn(state_.name + "/standby", state_, [this] { run_standbys(); });
}

std::string SimProcess::identity() const { return fmt::format("{}.{}", state_.name, identity_); }

void SimProcess::run_stream(std::size_t thread) {
  Life& life = *life_;
  StreamWorker& worker = *life.workers[thread];
  if (thread == 0) {
    // Threads of an earlier life that don't run any more: what they left open is ended.
    for (int old = options_.threads; old < threads_max_; ++old) {
      SimSink sink(cluster_.scheduler, cluster_.broker, cluster_.faults, fmt::format("{}-{}", identity(), old));
      while (!sink.open().ok()) cluster_.scheduler.sleep_until(cluster_.scheduler.now() + Duration{5});
    }
    threads_max_ = std::max(threads_max_, options_.threads);
  }
  Status status = worker.start([&](RebalanceListener& listener) -> Result<std::unique_ptr<RecordSource>> {
    return std::unique_ptr<RecordSource>(std::make_unique<SimSource>(
        cluster_.scheduler, cluster_.broker, cluster_.group, cluster_.faults, state_,
        options_.static_member ? fmt::format("{}-{}", identity(), thread) : std::string(), listener));
  });
  bool fenced = false;
  while (status.ok() && !stop_) {
    status = worker.turn();
    if (worker.assigned_and_waiting().second > 0) cluster_.scheduler.wake(life.restoring);
  }
  if (!status.ok()) {
    fenced = status.verdict() == Verdict::Fenced;
    stop_ = true;
    cluster_.scheduler.fail(fmt::format("{} stopped: {}", state_.name, status.message()));
  }
  worker.close(!fenced && options_.leave_on_stop, Duration{3'000});
  --life.workers_running;
}

void SimProcess::run_restoring() {
  Scheduler& scheduler = cluster_.scheduler;
  Timestamp flushed = scheduler.now(), purged = flushed;
  while (life_->workers_running > 0) {
    life_->takes->turn(Duration{0});
    if (scheduler.now() - flushed >= kFlushEvery) {
      flushed = scheduler.now();
      scheduler.step();
      disk_.flush();
      scheduler.step();
    }
    if (cluster_.faults.purge && scheduler.now() - purged >= kPurgeEvery) {
      purged = scheduler.now();
      purge();
    }
    const bool busy = !life_->takes->snapshot().empty();
    scheduler.sleep_until(scheduler.now() + Duration{busy ? 5 : 100});
  }
  scheduler.step();
  disk_.flush();
}

void SimProcess::purge() {
  for (Partition home = 0; home < cluster_.homes; ++home) {
    const topology::BoardEntry& entry = life_->board.entry(home);
    const Offset committed = entry.repartition_committed_next.load();
    cluster_.scheduler.step();
    if (entry.epoch.load() != 0 && committed > 0) cluster_.broker.truncate({Topic::Repartition, home}, committed);
  }
}

void SimProcess::run_clock() {
  Scheduler& scheduler = cluster_.scheduler;
  while (life_->workers_running > 0) {
    const Timestamp next = life_->clock->step(scheduler.now());
    const Timestamp now = scheduler.now();
    scheduler.sleep_until(std::clamp(next, now + Duration{1}, now + Duration{1'000}));
  }
}

topology::InstanceRecord SimProcess::own_record() const {
  topology::InstanceRecord record{.id = options_.static_member ? identity() : std::string(),
                                  .uuid = identity(),
                                  .heartbeat = cluster_.scheduler.now(),
                                  .producers = {{identity(), std::max(threads_max_, options_.threads)}}};
  for (const auto& worker : life_->workers) {
    for (const Partition input : worker->assigned()) record.partitions.push_back(input);
  }
  std::sort(record.partitions.begin(), record.partitions.end());
  return record;
}

void SimProcess::run_placement() {
  Scheduler& scheduler = cluster_.scheduler;
  while (life_->workers_running > 0) {
    const topology::InstanceRecord own = own_record();
    life_->placement->turn(own, life_->takes->snapshot());
    life_->standbys->choose(life_->placement->standby_homes(own.partitions, cluster_.homes, cluster_.standbys));
    scheduler.sleep_until(scheduler.now() + Duration{50 + scheduler.dice().below(50)});
  }
  life_->placement->leave();
}

void SimProcess::run_standbys() {
  Scheduler& scheduler = cluster_.scheduler;
  while (life_->workers_running > 0) {
    life_->standbys->turn(Duration{0});
    scheduler.sleep_until(scheduler.now() + Duration{5 + scheduler.dice().below(20)});
  }
}

void SimProcess::bury() {
  const bool killed = state_.dying;
  state_.dying = true;
  cluster_.scheduler.end_actors(state_);
  life_.reset();
  if (killed) disk_.crash();
}

void SimProcess::lose_disk() {
  disk_.lose();
  ++identity_;
  threads_max_ = 0;
}

const topology::WorkerCounters& SimProcess::counters(std::size_t thread) const {
  return life_->workers[thread]->counters();
}

std::string SimProcess::describe() const {
  if (!life_) return state_.name + " is down";
  std::string text = state_.name + ":";
  for (const auto& worker : life_->workers) {
    std::vector<Partition> homes;
    for (const auto& [home, restored] : worker->running()) homes.push_back(home);
    const auto [assigned, waiting] = worker->assigned_and_waiting();
    text += fmt::format(" runs {} of {} ({} waited for){}", fmt::join(homes, ","), assigned, waiting,
                        worker->trouble().empty() ? "" : ", " + worker->trouble());
  }
  for (const auto& taking : life_->takes->snapshot()) {
    text += fmt::format("; home {} waits for {}", taking.partition, taking.waiting_for);
  }
  return text + "; clock: " + life_->clock->held_up_by(cluster_.scheduler.now());
}

}  // namespace ebc::simulation
