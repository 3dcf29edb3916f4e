// What the engine shows of itself and of the other instances, on any thread.
#include <fmt/format.h>

#include <algorithm>

#include "state/changelog_codec.h"
#include "topology/engine_impl.h"
#include "topology/kafka_config.h"

namespace ebc::topology {
namespace {
constexpr Duration kTurnLimit{30'000};
constexpr Duration kUnreachableLimit{30'000};
}  // namespace

EngineSnapshot Engine::Impl::snapshot() const {
  EngineSnapshot snapshot;
  snapshot.stopping = stop_.load();
  if (!started_.load()) {
    snapshot.not_ready_reason = "starting";
    return snapshot;
  }
  snapshot.homes = board_->homes();
  snapshot.instance_id = instance_.instance_id();
  snapshot.joined = true;
  snapshot.counters.quarantined_stores = static_cast<std::uint64_t>(instance_.quarantined());
  for (const auto& stream : streams_) {
    const StreamWorker& worker = *stream->worker;
    snapshot.joined &= worker.joined();
    snapshot.threads_turning &= steady_ms() - stream->turned_ms.load() < kTurnLimit.count();
    const WorkerCounters& counters = worker.counters();
    snapshot.counters.records += counters.records.load();
    snapshot.counters.rekeyed += counters.rekeyed.load();
    snapshot.counters.commits += counters.commits.load();
    snapshot.counters.aborts += counters.failed_commits.load();
    snapshot.counters.restored_records += counters.restored.load();
    snapshot.counters.stale_records += counters.stale_records.load();
    snapshot.counters.quarantined_stores += counters.quarantined.load();
    snapshot.counters.producer_rebuilds += worker.producers_made() > 0 ? worker.producers_made() - 1 : 0;
    snapshot.threads.push_back({fmt::format("stream-{}", snapshot.threads.size()), worker.times().sums()});
    for (const auto& [home, restored] : worker.running()) {
      const BoardEntry& entry = board_->entry(home);
      snapshot.owned.push_back({.home = home,
                                .state = HomeState::Running,
                                .waiting_for = {},
                                .restored = restored,
                                .input_lag = std::max<Offset>(0, entry.input_end.load() - entry.input_read_next.load()),
                                .clock = timestamp_from_ms(entry.clock_ms.load())});
    }
  }
  for (const TakingSnapshot& taking : takes_->snapshot()) {
    snapshot.owned.push_back({.home = taking.partition,
                              .state = taking.restoring ? HomeState::Restoring : HomeState::Taking,
                              .waiting_for = taking.waiting_for,
                              .restored = taking.restored,
                              .restore_lag = taking.restore_lag,
                              .restore_eta = taking.restore_eta});
  }
  snapshot.threads.push_back({"restore", restoring_times_.sums()});
  snapshot.clock_held_up = home_clock_->held_up(clock_.now());
  snapshot.clock_trouble = home_clock_->held_up_by(clock_.now());
  if (standbys_) snapshot.standbys = standbys_->snapshot();
  snapshot.not_ready_reason = not_ready_reason(snapshot);
  return snapshot;
}

std::string Engine::Impl::not_ready_reason(const EngineSnapshot& snapshot) const {
  if (snapshot.stopping) return "stopping";
  if (!snapshot.joined) return "joining the consumer group";
  if (steady_ms() - contact_ms_.load() >= kUnreachableLimit.count()) {
    return fmt::format("Kafka at {} has not answered for {} s", config_.brokers,
                       (steady_ms() - contact_ms_.load()) / 1000);
  }
  for (const HomeSnapshot& home : snapshot.owned) {
    if (home.state != HomeState::Running) return fmt::format("home {} waits for {}", home.home, home.waiting_for);
  }
  for (const auto& stream : streams_) {
    if (std::string trouble = stream->worker->trouble(); !trouble.empty()) return trouble;
    if (stream->worker->assigned_and_waiting().second > 0) return "taking homes";
  }
  return {};
}

state::RocksUsage Engine::Impl::state_usage() const {
  return started_.load() ? instance_.stores().database().usage() : state::RocksUsage{};
}

InstanceRecord Engine::Impl::own_record() const {
  EngineSnapshot seen = snapshot();
  InstanceRecord record{.id = instance_.instance_id(),
                        .uuid = instance_.uuid(),
                        .http = http_,
                        .version = config_.version,
                        .client = client_version_string(),
                        .changelog_format = state::kChangelogFormat,
                        .progress_format = kProgressFormat,
                        .heartbeat = clock_.now(),
                        .producers = instance_.producers(),
                        .homes = std::move(seen.owned),
                        .standbys = std::move(seen.standbys)};
  for (const auto& stream : streams_) {
    for (const Partition input : stream->worker->assigned()) record.partitions.push_back(input);
  }
  std::sort(record.partitions.begin(), record.partitions.end());
  return record;
}

bool Engine::Impl::runs(Partition home) const {
  if (!board_ || home < 0 || home >= board_->homes()) return false;
  return board_->entry(home).epoch.load(std::memory_order_acquire) != 0;
}

std::vector<InstanceInfo> Engine::Impl::instances() const {
  if (!started_.load()) return {};
  InstanceInfo self = show(own_record());
  self.live = self.self = true;
  std::vector<InstanceInfo> all = placement_->registry().others(clock_.now());
  const auto after = [&](const InstanceInfo& info) { return info.uuid > self.uuid; };
  all.insert(std::find_if(all.begin(), all.end(), after), std::move(self));
  return all;
}

std::optional<InstanceInfo> Engine::Impl::owner_of(Partition home) const {
  if (!started_.load()) return std::nullopt;
  if (!runs(home)) return placement_->registry().owner_of(home, clock_.now());
  InstanceInfo self = show(own_record());
  self.live = self.self = true;
  return self;
}

std::shared_ptr<const state::CommittedStore> Engine::Impl::committed_store(Partition home) const {
  return started_.load() && runs(home) ? instance_.view_home(home) : nullptr;
}

}  // namespace ebc::topology
