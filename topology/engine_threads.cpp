// The loops of the engine's threads.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "topology/denial.h"
#include "topology/engine_impl.h"
#include "topology/standby_choice.h"

namespace ebc::topology {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration kFlushEvery{3'000};
constexpr Duration kPurgeEvery{30'000};
constexpr Duration kCloseLimit{3'000};
constexpr Duration kWatchEvery{1'000};
constexpr Duration kRecentContact{5'000};
constexpr Duration kPlacementTurn{100}, kPlacementSoon{10};
constexpr Duration kNamesakeListened{4'000}, kNamesakeBacklog{1'200};

}  // namespace

void Engine::Impl::run_stream(Stream& stream) {
  bool fenced = false;
  while (!stop_.load(std::memory_order_relaxed)) {
    Status status = stream.worker->turn();
    stream.turned_ms.store(steady_ms(), std::memory_order_relaxed);
    if (status.ok() && stream.stalled.exchange(false, std::memory_order_relaxed)) {
      status = stream.worker->rejoin(
          fmt::format("its consumer has brought nothing for {} s although there is something",
                      std::chrono::duration_cast<std::chrono::seconds>(config_.stall_timeout).count()),
          stream.make_source, kCloseLimit);
    } else if (status.verdict() == Verdict::Fenced) {
      fenced = !may_rejoin(status);
      if (!fenced) status = stream.worker->rejoin(status.message(), stream.make_source, kCloseLimit);
    }
    if (status.ok() || fenced) continue;
    fail(stream.worker->state_unreadable() ? Kind::StateUnusable : Kind::Configuration, status.message());
  }
  stream.worker->close(!fenced && config_.on_stop == OnStop::Leave, kCloseLimit);
}

bool Engine::Impl::may_rejoin(const Status& why) {
  // A live one speaks once a second. What a dead one said may only be read now, when it was us who were frozen.
  const std::string& id = instance_.instance_id();
  const auto began = SteadyClock::now();
  std::optional<Timestamp> last_word;
  while (SteadyClock::now() - began < kNamesakeListened && !stop_.load()) {
    const auto namesake = placement_->registry().namesake(id, clock_.now());
    if (namesake && namesake->live) {
      const bool caught_up = SteadyClock::now() - began > kNamesakeBacklog;
      if (caught_up && last_word && namesake->record.heartbeat != *last_word) {
        fail(
            Kind::KafkaUnreachable,
            fmt::format("another live process ({}) is member {} of consumer group {} by now: {}. Give each process its "
                        "own --instance-id, or none so that its state folder names it",
                        namesake->record.http, id, config_.app_id, why.message()));
        return false;
      }
      if (!caught_up || !last_word) last_word = namesake->record.heartbeat;
    }
    std::unique_lock lock(stop_mutex_);
    stopped_.wait_for(lock, Duration{100}, [this] { return stop_.load(); });
  }
  return true;
}

void Engine::Impl::run_restoring() {
  take_offsets_->warm_up(stop_);
  auto flushed = SteadyClock::now();
  auto purged = flushed;
  while (!workers_done_.load()) {
    takes_->wait_for_work(Duration{100});
    restoring_times_.enter(takes_->busy() ? Activity::Restore : Activity::Other);
    takes_->turn(Duration{50});
    restoring_times_.enter(Activity::Other);
    const auto now = SteadyClock::now();
    if (now - flushed >= kFlushEvery) {
      flushed = now;
      if (const Status status = instance_.stores().database().flush(false); !status.ok()) {
        spdlog::warn("{}", status.message());
      }
    }
    if (now - purged >= kPurgeEvery && !config_.embedded_broker) {
      purged = now;
      purge_repartition();
    }
  }
  if (const Status status = instance_.stores().database().flush(true); !status.ok()) {
    spdlog::warn("{}; the next start restores more", status.message());
  }
}

void Engine::Impl::purge_repartition() {
  std::map<Partition, Offset> before;
  for (Partition home = 0; home < board_->homes(); ++home) {
    const BoardEntry& entry = board_->entry(home);
    const Offset committed = entry.repartition_committed_next.load(std::memory_order_acquire);
    if (entry.epoch.load(std::memory_order_acquire) != 0 && committed > 0) before[home] = committed;
  }
  if (before.empty()) return;
  if (const Status status = instance_.admin().delete_records(config_.repartition_topic(), before); !status.ok()) {
    // It only makes the topic grow.
    const bool first = denies_a_right(status) && !std::exchange(purge_denied_, true);
    spdlog::log(first ? spdlog::level::warn : spdlog::level::debug, "{}; tried again later", status.message());
  }
}

void Engine::Impl::run_clock() {
  clock_offsets_->warm_up(stop_);
  auto watched = SteadyClock::now();
  while (!workers_done_.load()) {
    const Timestamp now = clock_.now();
    const Timestamp next = home_clock_->step(now);
    if (SteadyClock::now() - watched >= kWatchEvery) {
      watched = SteadyClock::now();
      if (clock_offsets_->input_partitions().ok()) contact_ms_.store(steady_ms());
      if (started_.load()) {
        for (const auto& stream : streams_) watch(*stream);
      }
    }
    std::unique_lock lock(stop_mutex_);
    stopped_.wait_for(lock, std::clamp(next - now, Duration{1}, Duration{1'000}),
                      [this] { return workers_done_.load(); });
  }
}

/// Old clients have ways to fall silent for good. While Kafka answers other clients, one that brings nothing although
/// there is something is replaced.
void Engine::Impl::watch(Stream& stream) {
  std::uint64_t progress = 0;
  const bool in_touch = steady_ms() - contact_ms_.load() < kRecentContact.count();
  const bool waits = in_touch && waits_for_input(stream, progress);
  if (!stream.stall.stalled(waits, progress, Duration{steady_ms()})) return;
  stream.stalled.store(true);
  stream.worker->wake();
}

bool Engine::Impl::waits_for_input(const Stream& stream, std::uint64_t& progress) {
  if (!stream.worker->joined()) return true;
  bool waits = false;
  for (const auto& [home, restored] : stream.worker->running()) {
    const BoardEntry& entry = board_->entry(home);
    const Offset next = entry.input_read_next.load();
    progress += static_cast<std::uint64_t>(next + entry.repartition_read_next.load());
    if (waits || next >= entry.input_end.load()) continue;
    // What somebody else's open transaction holds back isn't ours to read.
    const auto readable = clock_offsets_->last_stable_offset({Channel::Input, home});
    waits = readable.ok() && next < readable.value();
  }
  return waits;
}

void Engine::Impl::run_placement() {
  while (!workers_done_.load()) {
    const std::vector<TakingSnapshot> takes = takes_->snapshot();
    // A home whose offsets are being asked for may need us at once.
    const bool soon = std::any_of(takes.begin(), takes.end(), [](const auto& take) { return !take.restoring; });
    placement_->turn(soon ? kPlacementSoon : kPlacementTurn);
    const Timestamp now = clock_.now();
    if (fencer_) fencer_->step(takes_->snapshot(), now);
    const EngineSnapshot seen = snapshot();
    routing_advice_.see(seen.counters.records, seen.counters.rekeyed, now);
    stop_if_denied(seen, now);
    if (!standbys_) continue;
    auto holders = placement_->registry().holders(now);
    for (const HomeSnapshot& home : seen.owned) holders[home.home] = instance_.uuid();
    standbys_->choose(standby_homes(instance_.uuid(), placement_->registry().live_uuids(now), holders, board_->homes(),
                                    config_.standbys));
  }
  placement_->leave();
}

void Engine::Impl::stop_if_denied(const EngineSnapshot& seen, Timestamp now) {
  std::string denial = placement_->denial();
  for (const auto& stream : streams_) {
    if (denial.empty()) denial = stream->worker->denial();
  }
  for (const HomeSnapshot& home : seen.owned) {
    if (denial.empty() && denies_a_right(home.waiting_for)) denial = home.waiting_for;
  }
  if (denial_watch_.gives_up(denial, seen.not_ready_reason.empty(), now) && !stop_.load()) {
    fail(Kind::KafkaUnreachable, instance_.refusal(denial));
  }
}

void Engine::Impl::run_standbys() {
  standby_offsets_->warm_up(stop_);
  while (!workers_done_.load()) standbys_->turn(Duration{100});
}

void Engine::Impl::fail(Kind kind, const std::string& message) {
  spdlog::error("{}", message);
  {
    const std::lock_guard lock(stop_mutex_);
    if (!failure_.failed()) failure_ = {kind, message};
  }
  request_stop();
}

}  // namespace ebc::topology
