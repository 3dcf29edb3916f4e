#include "tests/chaos/chaos_run.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

namespace ebc::chaos {
namespace {

using namespace broker_test;

constexpr int kPartitions = 6;
/// Short, so that much is seen of what follows its end.
constexpr milliseconds kSession{3'000};
constexpr milliseconds kTransaction{6'000};
constexpr milliseconds kLongestEnd{15'000};
/// A commit that met a mishap is tried again for up to twice the transaction timeout.
constexpr milliseconds kMishapFelt = 3 * kTransaction;
/// An outage is felt a little earlier and later than the scripts say.
constexpr std::int64_t kOutageMarginMs = 3'000;
constexpr milliseconds kReadyLimit{180'000};

/// Compaction as fast as the broker can: everything but the newest second is compacted again and again. Tombstones stay
/// for the day that the collector counts on.
const Settings kFastCompaction{{"cleanup.policy", "compact"},       {"segment.ms", "1000"},
                               {"segment.bytes", "1048576"},        {"min.cleanable.dirty.ratio", "0.01"},
                               {"max.compaction.lag.ms", "1000"},   {"min.compaction.lag.ms", "0"},
                               {"delete.retention.ms", "86400000"}, {"max.message.bytes", "1310732"}};

WorkloadOptions workload_options(const ChaosOptions& options) {
  // More than any run needs: what counts kills may take long on a slow machine.
  constexpr double kSecondsForAKill = 15;
  const double seconds = std::max(static_cast<double>(options.duration.count()) / 1'000 + 60,
                                  kSecondsForAKill * options.kills + 60 * options.broker_kills);
  return {.seed = options.seed,
          .groups = static_cast<std::size_t>(seconds * options.groups_per_second),
          .groups_per_second = options.groups_per_second,
          .keying = Keying::Mixed,
          .finished_ttl_ms = options.finished_ttl_ms,
          .late_share = 0.1,
          .unexpected_share = 0.05,
          .invalid_share = 0.05,
          .on_fatal = OnFatal::GoOn};
}

}  // namespace

ChaosRun::ChaosRun(ChaosOptions options, std::filesystem::path folder)
    : options_(options),
      folder_(std::move(folder)),
      faults_({.seed = options.seed, .kills = options.kills, .broker_kills = options.broker_kills}),
      broker_(folder_ / "kafka", options.instances),
      admin_(std::make_unique<KafkaAdmin>(broker_.address())),
      workload_(std::make_unique<Workload>(workload_options(options))) {
  admin_->create_topic(topic_, kPartitions);
  admin_->create_topic(app_id_ + "-groups-changelog", kPartitions, kFastCompaction);
  start_instances();
}

void ChaosRun::start_instances() {
  const auto ms = [](milliseconds duration) { return fmt::format("{}ms", duration.count()); };
  for (const auto& listener : broker_.proxied()) {
    instances_.push_back(std::make_unique<Instance>(
        std::string(1, static_cast<char>('a' + instances_.size())), folder_, listener,
        std::vector<std::string>{"--topic", topic_, "--app-id", app_id_, "--guarantee",
                                 options_.at_least_once ? "at-least-once" : "exactly-once",
                                 // Only half of them have two threads, so that both are seen.
                                 "--threads", instances_.size() % 2 == 0 ? "1" : "2", "--session-timeout", ms(kSession),
                                 "--transaction-timeout", ms(kTransaction), "--start-timeout", "300s",
                                 // A Create may wait for the broker longer than the Dones that came before it.
                                 "--orphan-ttl", "90s"}));
    instances_.back()->start();
  }
  for (auto& instance : instances_) instance->collector().wait_until_ready(60s);
}

ChaosResult ChaosRun::run() {
  since_start_ = {};
  RunningWorkload load(*workload_, broker_.address(), topic_);
  auto fault = faults_.next();
  auto next_fault = since_start_.elapsed() + chance(1'000, 2'000);
  while (!over()) {
    turn();
    // One that finds nobody to do it to waits, so that the order stays that of the seed.
    if (since_start_.elapsed() < next_fault || !apply(fault)) continue;
    fault = faults_.next();
    next_fault = since_start_.elapsed() + chance(200, 2'200);
  }
  heal();
  load.stop();
  reckon(result_);
  return std::move(result_);
}

bool ChaosRun::over() const {
  const auto count = [&](Fault fault) {
    const auto it = result_.faults.find(name_of(fault));
    return it == result_.faults.end() ? 0 : static_cast<int>(it->second);
  };
  if (count(Fault::Killed) < options_.kills || count(Fault::BrokerKilled) < options_.broker_kills) return false;
  return since_start_.elapsed() >= options_.duration || options_.kills > 0;
}

void ChaosRun::turn() {
  std::this_thread::sleep_for(5ms);
  while (!agenda_.empty() && agenda_.begin()->first <= since_start_.ms()) {
    const auto action = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    action();
  }
  watch_broker();
  watch_instances();
}

bool ChaosRun::apply(Fault fault) {
  bool done = false;
  if (fault == Fault::BrokerStopped || fault == Fault::BrokerKilled) {
    done = apply_to_broker(fault);
  } else if (mishap_of(fault) && broker_state_ != BrokerState::Up) {
    done = false;  // nothing is asked or answered now
  } else if (Instance* instance = any_running()) {
    done = apply_to_instance(fault, *instance);
  }
  if (done) ++result_.faults[name_of(fault)];
  return done;
}

bool ChaosRun::apply_to_broker(Fault fault) {
  if (broker_state_ != BrokerState::Up) return false;
  note(name_of(fault));
  outages_.push_back({wall_clock_ms(), 0});
  if (fault == Fault::BrokerKilled) {
    broker_.kill9();
    broker_state_ = BrokerState::Down;
    later(chance(0, 2'000), [this] { broker_.begin_start(), broker_state_ = BrokerState::Starting; });
  } else {
    broker_.begin_stop();
    broker_state_ = BrokerState::Stopping;
  }
  return true;
}

void ChaosRun::watch_broker() {
  if (broker_state_ == BrokerState::Up || broker_state_ == BrokerState::Down || !broker_.settled()) return;
  if (broker_state_ == BrokerState::Stopping) {
    broker_.begin_start();
    broker_state_ = BrokerState::Starting;
    return;
  }
  broker_state_ = BrokerState::Up;
  outages_.back().to_ms = wall_clock_ms();
  note(fmt::format("the broker is back after {} ms", outages_.back().to_ms - outages_.back().from_ms));
}

bool ChaosRun::apply_to_instance(Fault fault, Instance& instance) {
  // Not killed in vain, for then it may never come to have a table.
  if ((fault == Fault::TableTruncated || fault == Fault::BitFlipped) && !instance.has_tables()) return false;
  note(fmt::format("{}: {}", instance.name(), name_of(fault)));
  if (const auto rule = mishap_of(fault)) {
    instance.proxy().add(*rule);
    instance.cut_off_for(kMishapFelt);
    return true;
  }
  Instance* const it = &instance;
  const auto wake = [it] {
    if (it->state() == Instance::State::Silent) it->wake();
  };
  const auto thaw = [it] { it->proxy().thaw(); };
  switch (fault) {
    case Fault::Killed:
      instance.kill9();
      restart_later(instance);
      return true;
    case Fault::Ended:
      instance.begin_end();
      return true;
    case Fault::SilentPastSession:
      instance.silence();
      later(kSession + chance(500, 2'000), wake);
      return true;
    case Fault::SilentPastTransaction:
      instance.silence();
      later(kTransaction + chance(1'500, 4'000), wake);
      return true;
    case Fault::NetworkFrozen:
    case Fault::NetworkFrozenPastSession: {
      const auto time = fault == Fault::NetworkFrozen ? chance(300, 2'000) : kSession + chance(1'000, 6'000);
      instance.proxy().freeze();
      instance.cut_off_for(time + kMishapFelt);
      later(time, thaw);
      return true;
    }
    default:
      return damage(fault, instance);
  }
}

bool ChaosRun::damage(Fault fault, Instance& instance) {
  const auto random = [this](std::uint64_t below) {
    return static_cast<std::uint64_t>(faults_.between(0, static_cast<std::int64_t>(below) - 1));
  };
  instance.kill9();
  restart_later(instance);
  if (fault == Fault::TableTruncated) return instance.truncate_table(random);
  if (fault == Fault::BitFlipped) return instance.flip_bit(random);
  instance.remove_state();
  return true;
}

void ChaosRun::restart_later(Instance& instance) {
  // Mostly at once, as a supervisor does; now and then so late that its homes are elsewhere by then.
  const bool soon = faults_.between(0, 3) != 0;
  Instance* const it = &instance;
  later(soon ? chance(0, 500) : kSession + chance(1'000, 4'000), [it] { it->start(); });
}

void ChaosRun::watch_instances() {
  for (auto& instance : instances_) {
    if (instance->state() == Instance::State::Ending) {
      watch_end(*instance);
    } else if (const auto died = instance->died()) {
      note(*died);
      result_.bad_ends.push_back(*died);
      restart_later(*instance);
    }
  }
}

void ChaosRun::watch_end(Instance& instance) {
  if (const auto end = instance.ended()) {
    const std::int64_t took_ms = instance.ending_for().count();
    result_.slowest_end_ms = std::max(result_.slowest_end_ms, took_ms);
    if (end->code == 1 && was_cut_off(instance)) {
      ++result_.forced_ends;
    } else if (end->signal == SIGTERM && instance.collector().log().empty()) {
      ++result_.unborn_ends;
    } else if (end->code != 0) {
      result_.bad_ends.push_back(fmt::format("{}: exit code {}, signal {}, {} ms after SIGTERM", instance.name(),
                                             end->code, end->signal, took_ms));
    }
    restart_later(instance);
  } else if (instance.ending_for() > kLongestEnd) {
    result_.bad_ends.push_back(fmt::format("{} still runs {} ms after SIGTERM", instance.name(), kLongestEnd.count()));
    instance.kill9();
    restart_later(instance);
  }
}

bool ChaosRun::was_cut_off(const Instance& instance) const {
  const auto since = wall_clock_ms() - instance.ending_for().count() - kOutageMarginMs;
  const bool broker_away = !outages_.empty() && (outages_.back().to_ms == 0 || outages_.back().to_ms > since);
  return broker_away || instance.cut_off_since(since);
}

/// Brings everything back: nothing is left that could excuse a missing outcome.
void ChaosRun::heal() {
  note("the faults end");
  const Stopwatch stopwatch;
  for (auto& instance : instances_) instance->proxy().heal();
  const auto all_running = [&] {
    return broker_state_ == BrokerState::Up && agenda_.empty() &&
           std::ranges::all_of(instances_, [](const auto& i) { return i->state() == Instance::State::Running; });
  };
  while (!all_running()) turn();
  for (auto& instance : instances_) instance->proxy().heal();
  for (auto& instance : instances_) instance->collector().wait_until_ready(kReadyLimit);
  result_.ready_after_ms = stopwatch.ms();
  note(fmt::format("all instances are ready after {} ms", result_.ready_after_ms));
}

void ChaosRun::reckon(ChaosResult& result) {
  auto plan = workload_->produced();
  result.delayed_groups = static_cast<std::size_t>(std::ranges::count_if(
      plan, [](const auto& group) { return group.delayed_ms > 0 && group.kind == Kind::Timeout; }));
  // With as long a ttl as any group of the run: when they have timed out, so has whatever was opened a second time.
  const auto ttl = fmt::format("{}", static_cast<double>(options_.finished_ttl_ms) / 1'000 + 1);
  auto closing = closing_groups("closing", kPartitions, ttl);
  produce_creates(broker_.address(), topic_, closing);
  plan.insert(plan.end(), closing.begin(), closing.end());

  KafkaReader outcomes(broker_.address(), topic_);
  ResolvedGroups resolved;
  eventually(
      milliseconds(options_.finished_ttl_ms) + 60s,
      [&] {
        outcomes.poll(100ms);
        return resolved.count(outcomes.records()) >= plan.size();
      },
      0ms);
  if (!outcomes.read_to_end(30s)) throw std::runtime_error("an open transaction holds up the readers of the outcomes");
  result.outcomes = check_outcomes(plan, outcomes.records());

  KafkaReader letters(broker_.address(), app_id_ + "-dead-letter");
  if (!letters.read_to_end(30s)) throw std::runtime_error("an open transaction holds up the dead letters");
  result.letters = check_dead_letters(workload_->letters(), letters.records());
  for (const auto& instance : instances_) {
    for (const auto& [name, times] : instance->proxy().happened()) result.faults["(happened) " + name] += times;
  }
}

Instance* ChaosRun::any_running() {
  std::vector<Instance*> running;
  for (auto& instance : instances_) {
    if (instance->state() == Instance::State::Running) running.push_back(instance.get());
  }
  if (running.empty()) return nullptr;
  return running[static_cast<std::size_t>(faults_.between(0, static_cast<std::int64_t>(running.size()) - 1))];
}

void ChaosRun::later(milliseconds delay, std::function<void()> action) {
  agenda_.emplace(since_start_.ms() + delay.count(), std::move(action));
}

void ChaosRun::note(const std::string& what) {
  fmt::print("{:>9.3f} {}\n", static_cast<double>(since_start_.ms()) / 1'000, what);
  std::fflush(stdout);
}

}  // namespace ebc::chaos
