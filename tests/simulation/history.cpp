#include "tests/simulation/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "tests/simulation/checks.h"
#include "tests/simulation/sim_process.h"
#include "tests/simulation/workload.h"

namespace ebc::simulation {
namespace {

constexpr Timestamp kStart = timestamp_from_ms(1'800'000'000'000);
constexpr Duration kTransactionTimeout{2'000};
constexpr Duration kSession{1'500};
constexpr Duration kOrphanTtl{1'000};
/// After the last fault everything must be resolved within this.
constexpr Duration kLiveness{30'000};
constexpr std::uint64_t kStepsMax = 3'000'000;

/// Thrown from dice of their own: histories without standbys stay what they were.
struct StandbyOptions {
  int standbys = 0;
  /// Local state is trusted for so long, and tombstones are kept twice as long: in half of the histories so short that
  /// a stop, or a restore that was broken off, outlasts them.
  Duration trusted_for{12'000};
  bool short_trust = false;

  static StandbyOptions thrown(std::uint64_t seed) {
    Dice dice(~seed);
    StandbyOptions options;
    if (!dice.one_in(3)) return options;
    options.standbys = 1;
    options.short_trust = dice.one_in(2);
    if (options.short_trust) options.trusted_for = Duration{dice.between(700, 1'600)};
    return options;
  }
};

class History {
 public:
  History(std::uint64_t seed, std::function<void(std::string_view)> trace)
      : dice_(seed),
        scheduler_(dice_, kStart),
        faults_(Faults::thrown(dice_)),
        standbys_(StandbyOptions::thrown(seed)),
        options_(WorkloadOptions::thrown(dice_)) {
    result_.seed = seed;
    result_.standbys = standbys_.standbys > 0;
    if (standbys_.short_trust) {
      faults_.compaction = true;
      options_.length *= 2;
    }
    if (trace) scheduler_.trace_to(std::move(trace));
  }

  HistoryResult play();

 private:
  void set_up();
  void plan_faults();
  void start(SimProcess& process);
  void stop(SimProcess& process);
  SimProcess* somebody();
  void some_times(int count, std::function<void()> fault);
  void grow_input();
  void maintain_logs();
  bool settled();

  Dice dice_;
  Scheduler scheduler_;
  Faults faults_;
  const StandbyOptions standbys_;
  WorkloadOptions options_;
  bool shared_topic_ = false, at_least_once_ = false;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<ConsumerGroup> group_;
  std::unique_ptr<Checks> checks_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Workload> workload_;
  std::vector<std::unique_ptr<SimProcess>> processes_;
  Timestamp faults_end_{};
  HistoryResult result_;
};

void History::set_up() {
  shared_topic_ = dice_.one_in(3);
  at_least_once_ = dice_.one_in(4);
  // A real broker looks every 10 s by default, whatever the transaction's own timeout.
  broker_ = std::make_unique<Broker>(scheduler_,
                                     BrokerRules{.transaction_timeout = kTransactionTimeout,
                                                 .abort_every = dice_.one_in(3) ? Duration{10'000} : Duration{1'000}});
  broker_->create(Topic::Input, options_.partitions);
  broker_->create(Topic::Repartition, options_.partitions);
  broker_->create(Topic::Changelog, options_.partitions);
  broker_->create(Topic::Output, 1 + dice_.below(2));
  broker_->create(Topic::DeadLetter, 1);
  group_ = std::make_unique<ConsumerGroup>(scheduler_, *broker_, kSession);
  broker_->group(*group_);
  checks_ = std::make_unique<Checks>(scheduler_, *broker_, *group_, faults_, options_.partitions,
                                     shared_topic_ ? Topic::Input : Topic::Output, at_least_once_);
  broker_->observe(*checks_);

  group::CollectorOptions collector;
  collector.input_topic = topic_name(Topic::Input);
  collector.output_topic = topic_name(shared_topic_ ? Topic::Input : Topic::Output);
  collector.dead_letter_topic = topic_name(Topic::DeadLetter);
  collector.orphan_ttl = kOrphanTtl;
  collector.late_to_dead_letters = true;
  collector.cache_bytes = dice_.one_in(3) ? 0 : 16u << 10;
  cluster_ = std::make_unique<Cluster>(Cluster{.scheduler = scheduler_,
                                               .broker = *broker_,
                                               .group = *group_,
                                               .faults = faults_,
                                               .collector = collector,
                                               .transaction_timeout = kTransactionTimeout,
                                               .trust_local_state_for = standbys_.trusted_for,
                                               .session = kSession,
                                               .homes = options_.partitions,
                                               .at_least_once = at_least_once_,
                                               .standbys = standbys_.standbys,
                                               .instances = {}});
  workload_ = std::make_unique<Workload>(scheduler_, *broker_, options_);
  faults_end_ = kStart + workload_->length() + Duration{400};

  const int instances = std::max(1 + dice_.below(3), 1 + standbys_.standbys);
  for (int i = 0; i < instances; ++i) {
    ProcessOptions options{.name = fmt::format("i{}", i),
                           .threads = dice_.one_in(4) ? 2 : 1,
                           .static_member = dice_.percent(70),
                           .leave_on_stop = dice_.one_in(2)};
    processes_.push_back(std::make_unique<SimProcess>(*cluster_, options, *checks_));
    SimProcess* process = processes_.back().get();
    const int first = i == 0 || dice_.one_in(2) ? dice_.below(30) : dice_.below(2'000);
    scheduler_.after(Duration{first}, [this, process] { start(*process); });
  }
  scheduler_.on_death([this](ProcessState& state) {
    for (const auto& process : processes_) {
      if (&process->state() != &state) continue;
      process->bury();
      ++result_.kills;
      if (faults_.lost_disks > 0 && dice_.one_in(3)) process->lose_disk();
      const int longest = standbys_.short_trust ? 4'000 : 3'000;
      scheduler_.after(Duration{dice_.below(dice_.one_in(3) ? longest : 200)},
                       [this, p = process.get()] { start(*p); });
    }
  });
  plan_faults();
  maintain_logs();
}

void History::start(SimProcess& process) {
  if (process.alive()) return;
  if (dice_.one_in(8)) process.options().threads = 1 + dice_.below(2);
  if (scheduler_.traced()) scheduler_.trace(process.state().name + " starts");
  ++result_.restarts;
  process.start();
}

void History::stop(SimProcess& process) {
  if (!process.alive()) return;
  if (!process.stopped()) {
    process.request_stop();
    scheduler_.after(Duration{10}, [this, &process] { stop(process); });
    return;
  }
  process.bury();
  scheduler_.after(Duration{dice_.below(dice_.one_in(4) ? 2'000 : 100)}, [this, &process] { start(process); });
}

SimProcess* History::somebody() {
  SimProcess& process = *processes_[static_cast<std::size_t>(dice_.below(static_cast<int>(processes_.size())))];
  return process.alive() ? &process : nullptr;
}

void History::some_times(int count, std::function<void()> fault) {
  const auto span = static_cast<int>((faults_end_ - kStart).count());
  for (int i = 0; i < count; ++i) scheduler_.after(Duration{dice_.below(span)}, fault);
}

void History::plan_faults() {
  // A kill or a stop waits for some steps of its victim, so that it may fall between any two of them.
  some_times(faults_.kills, [this] {
    if (SimProcess* process = somebody()) process->state().kill_in = 1 + dice_.below(60);
  });
  some_times(faults_.freezes, [this] {
    if (SimProcess* process = somebody()) {
      process->state().freeze_in = 1 + dice_.below(60);
      process->state().freeze_for = Duration{dice_.below(dice_.one_in(2) ? 5'000 : 500)};
      ++result_.freezes;
    }
  });
  some_times(faults_.expulsions, [this] {
    const std::vector<int> members = group_->members();
    if (!members.empty())
      group_->expel(members[static_cast<std::size_t>(dice_.below(static_cast<int>(members.size())))]);
  });
  some_times(faults_.rolling_restarts, [this] {
    if (SimProcess* process = somebody()) stop(*process);
  });
  if (standbys_.standbys > 0) {
    using InReplay = ProcessState::InReplay;
    some_times(standbys_.short_trust ? 5 : 2, [this] {
      SimProcess* process = somebody();
      if (process == nullptr) return;
      process->state().in_replay = dice_.pick(std::array{InReplay::Kill, InReplay::Stop, InReplay::Silence});
      process->state().replay_polls = 1 + dice_.below(10);
      process->state().replay_follows = dice_.one_in(3);
      process->state().freeze_for = Duration{dice_.below(5'000)};
    });
  }
  if (faults_.offsets_expire) {
    some_times(2, [this] {
      // Those of a topic without a subscription expire in a live group.
      broker_->expire_offsets({Topic::Repartition, dice_.below(options_.partitions)});
    });
  }
  if (dice_.one_in(5)) some_times(1, [this] { grow_input(); });
  scheduler_.at(faults_end_, [this] {
    faults_.end();
    for (const auto& process : processes_) {
      process->state().kill_in = process->state().freeze_in = process->state().replay_polls = 0;
    }
  });
}

void History::grow_input() {
  const int partitions = broker_->partitions(Topic::Input) + 1 + dice_.below(3);
  if (scheduler_.traced()) scheduler_.trace(fmt::format("input grows to {} partitions", partitions));
  broker_->create(Topic::Input, partitions);
  // Who assigns learns of it when its metadata is renewed.
  scheduler_.after(Duration{dice_.below(1'500)}, [this, partitions] { group_->show_partitions(partitions); });
}

void History::maintain_logs() {
  if (faults_.compaction) {
    for (Partition home = 0; home < options_.partitions; ++home) {
      if (dice_.one_in(standbys_.short_trust ? 4 : 2))
        broker_->compact({Topic::Changelog, home}, 2 * standbys_.trusted_for);
    }
  }
  scheduler_.after(Duration{300}, [this] { maintain_logs(); });
}

bool History::settled() { return checks_->unfinished().empty(); }

HistoryResult History::play() {
  set_up();
  scheduler_.run(faults_end_);
  const Timestamp until = faults_end_ + kLiveness;
  while (scheduler_.failure().empty() && !settled()) {
    if (scheduler_.now() >= until || scheduler_.steps() > kStepsMax) {
      std::string text = "not settled: " + checks_->unfinished();
      for (const auto& process : processes_) text += "\n    " + process->describe();
      scheduler_.fail(text);
      break;
    }
    scheduler_.run(scheduler_.now() + Duration{200});
  }
  if (scheduler_.failure().empty()) {
    checks_->judge_all(*workload_, {.orphan_ttl = kOrphanTtl,
                                    .input_topic = std::string(topic_name(Topic::Input)),
                                    .at_least_once = at_least_once_});
  }
  processes_.clear();
  result_.failure = scheduler_.failure();
  result_.digest = scheduler_.digest();
  result_.steps = scheduler_.steps();
  result_.simulated_ms = static_cast<std::uint64_t>((scheduler_.now() - kStart).count());
  result_.groups = workload_->groups().size();
  result_.commits = checks_->commits();
  result_.at_least_once = at_least_once_;
  return result_;
}

}  // namespace

HistoryResult play_history(std::uint64_t seed, std::function<void(std::string_view)> trace) {
  return History(seed, std::move(trace)).play();
}

}  // namespace ebc::simulation
