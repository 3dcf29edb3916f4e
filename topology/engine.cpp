#include "topology/engine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <thread>

#include "state/changelog_codec.h"
#include "topology/home_clock.h"
#include "topology/instance.h"
#include "topology/kafka_changelog_reader.h"
#include "topology/kafka_config.h"
#include "topology/kafka_offsets.h"
#include "topology/kafka_sink.h"
#include "topology/kafka_source.h"
#include "topology/kafka_statistics.h"
#include "topology/placement.h"
#include "topology/stream_worker.h"
#include "topology/take_queue.h"

namespace ebc::topology {
namespace {

using Kind = EngineFailure::Kind;
using SteadyClock = std::chrono::steady_clock;

constexpr Duration kFlushEvery{3'000};
constexpr Duration kPurgeEvery{30'000};
constexpr Duration kCloseLimit{3'000};
constexpr Duration kTurnLimit{30'000};
constexpr Duration kUnreachableLimit{30'000};

std::int64_t steady_ms() { return std::chrono::duration_cast<Duration>(SteadyClock::now().time_since_epoch()).count(); }

std::string taken_id(const std::string& id, const std::string& app_id, const InstanceRecord& holder) {
  return fmt::format(
      "another live process{} is member {} of consumer group {}, with the state folder {}. Give each "
      "process its own --instance-id, or none so that its state folder names it",
      holder.http.empty() ? "" : " (" + holder.http + ")", id, app_id, holder.uuid);
}

}  // namespace

/// Threads: one a StreamWorker; one that restores, flushes the database and purges; one that keeps the homes' clock;
/// one that talks with the other instances.
class Engine::Impl {
 public:
  Impl(EngineConfig config, SupplierFactory suppliers)
      : config_(std::move(config)), suppliers_(std::move(suppliers)), instance_(config_, clock_, stop_) {}

  ~Impl() {
    request_stop();
    wait();
  }

  EngineFailure start() {
    if (EngineFailure failure = instance_.prepare(); failure.failed()) return failure;
    if (EngineFailure failure = make_placement(); failure.failed()) return failure;
    if (EngineFailure failure = instance_.end_old_transactions(); failure.failed()) return failure;
    board_ = std::make_unique<HomeBoard>(instance_.topics().homes);
    if (EngineFailure failure = make_restoring(); failure.failed()) return failure;
    if (EngineFailure failure = make_workers(); failure.failed()) return failure;
    spdlog::info("{} homes, {} threads, {}, member {}", board_->homes(), config_.threads,
                 config_.guarantee == Guarantee::ExactlyOnce ? "exactly-once" : "at-least-once",
                 instance_.instance_id().empty() ? "(dynamic)" : instance_.instance_id());
    for (auto& stream : streams_) stream->thread = std::thread([this, s = stream.get()] { run_stream(*s); });
    restoring_thread_ = std::thread([this] { run_restoring(); });
    clock_thread_ = std::thread([this] { run_clock(); });
    placement_thread_ = std::thread([this] { run_placement(); });
    started_.store(true);
    return {};
  }

  void advertise_http(std::string address) { http_ = std::move(address); }

  void request_stop() {
    stop_.store(true);
    for (const auto& stream : streams_) stream->worker->wake();
    const std::lock_guard lock(stop_mutex_);
    stopped_.notify_all();
  }

  EngineFailure wait() {
    for (auto& stream : streams_) {
      if (stream->thread.joinable()) stream->thread.join();
    }
    // Only now: a worker that closes still answers for homes that are being taken.
    workers_done_.store(true);
    {
      const std::lock_guard lock(stop_mutex_);
      stopped_.notify_all();
    }
    if (restoring_thread_.joinable()) restoring_thread_.join();
    if (clock_thread_.joinable()) clock_thread_.join();
    if (placement_thread_.joinable()) placement_thread_.join();
    const std::lock_guard lock(stop_mutex_);
    return failure_;
  }

  EngineSnapshot snapshot() const;
  std::vector<InstanceInfo> instances() const;
  std::optional<InstanceInfo> owner_of(Partition home) const;
  std::shared_ptr<const state::CommittedStore> committed_store(Partition home) const;
  state::RocksUsage state_usage() const {
    return started_.load() ? instance_.stores().database().usage() : state::RocksUsage{};
  }
  std::map<std::string, std::string> kafka_statistics() const { return statistics_.latest(); }

 private:
  struct Stream {
    std::unique_ptr<ProcessorSupplier> supplier;
    std::unique_ptr<StreamWorker> worker;
    std::thread thread;
    std::atomic<std::int64_t> turned_ms{0};
  };

  EngineFailure make_placement();
  EngineFailure make_restoring();
  EngineFailure make_workers();
  void run_stream(Stream& stream);
  void run_restoring();
  void run_clock();
  void run_placement();
  InstanceRecord own_record() const;
  bool runs(Partition home) const;
  void purge_repartition();
  void fail(Kind kind, const std::string& message);
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
  std::unique_ptr<Placement> placement_;
  std::unique_ptr<HomeBoard> board_;
  std::unique_ptr<KafkaOffsets> take_offsets_, clock_offsets_;
  std::unique_ptr<KafkaChangelogReader> reader_;
  std::unique_ptr<TakeQueue> takes_;
  std::unique_ptr<HomeClock> home_clock_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::thread restoring_thread_, clock_thread_, placement_thread_;
  std::atomic<std::int64_t> contact_ms_{0};  ///< when Kafka last answered the clock's thread

  mutable std::mutex stop_mutex_;
  std::condition_variable stopped_;
  EngineFailure failure_;  // guarded by stop_mutex_
};

EngineFailure Engine::Impl::make_placement() {
  placement_ = std::make_unique<Placement>(config_, instance_.uuid(), clock_, [this] { return own_record(); });
  if (const Status connected = placement_->connect(); !connected.ok()) {
    return {Kind::Configuration, connected.message()};
  }
  auto namesake = placement_->find_namesake(instance_.instance_id(), config_.start_timeout, stop_);
  if (!namesake.ok()) return {Kind::KafkaUnreachable, namesake.status().message()};
  if (namesake->has_value()) {
    return {Kind::KafkaUnreachable, taken_id(instance_.instance_id(), config_.app_id, **namesake)};
  }
  return {};
}

EngineFailure Engine::Impl::make_restoring() {
  const auto refused = [](const Status& status) { return EngineFailure{Kind::Configuration, status.message()}; };
  auto take_offsets = KafkaOffsets::make(config_, "take");
  if (!take_offsets.ok()) return refused(take_offsets.status());
  take_offsets_ = std::move(*take_offsets);
  auto clock_offsets = KafkaOffsets::make(config_, "clock");
  if (!clock_offsets.ok()) return refused(clock_offsets.status());
  clock_offsets_ = std::move(*clock_offsets);
  auto reader = KafkaChangelogReader::make(config_);
  if (!reader.ok()) return refused(reader.status());
  reader_ = std::move(*reader);

  const auto post = [this](int thread, WorkerMessage message) {
    StreamWorker& worker = *streams_[static_cast<std::size_t>(thread)]->worker;
    worker.mailbox().post(std::move(message));
    worker.wake();
  };
  const TakeRules rules{
      .guarantee = config_.guarantee, .from = config_.from, .on_lost_offsets = config_.on_lost_offsets};
  takes_ = std::make_unique<TakeQueue>(rules, instance_.stores(), *take_offsets_, *reader_, clock_, post);
  home_clock_ =
      std::make_unique<HomeClock>(HomeClockConfig{.foreign_wait = config_.transaction_timeout}, *board_,
                                  *clock_offsets_, [post](int thread, ClockAdvance advance) { post(thread, advance); });
  return {};
}

EngineFailure Engine::Impl::make_workers() {
  for (int i = 0; i < config_.threads; ++i) {
    auto stream = std::make_unique<Stream>();
    stream->supplier = suppliers_(i);
    const std::string name = fmt::format("stream-{}", i);
    const SinkFactory make_sink = [this, i, name](RecordSource& source) -> std::unique_ptr<Sink> {
      if (config_.guarantee == Guarantee::AtLeastOnce) {
        return std::make_unique<AtLeastOnceSink>(config_, name, name + " producer", statistics_, source);
      }
      return std::make_unique<ExactlyOnceSink>(config_, instance_.transactional_id(i), name + " producer", statistics_);
    };
    stream->worker = std::make_unique<StreamWorker>(WorkerConfig{.thread = i,
                                                                 .changelog_topic = config_.changelog_topic(),
                                                                 .repartition_topic = config_.repartition_topic(),
                                                                 .commit_interval = config_.commit_interval,
                                                                 .buffer_bytes = config_.buffer_bytes,
                                                                 .buffer_records = config_.buffer_records},
                                                    clock_, *stream->supplier, *takes_, *board_, make_sink);
    const std::string& instance = instance_.instance_id();
    const Status started =
        stream->worker->start([&](RebalanceListener& listener) -> Result<std::unique_ptr<RecordSource>> {
          auto source = KafkaSource::make(config_, instance.empty() ? "" : fmt::format("{}-{}", instance, i), name,
                                          statistics_, listener);
          if (!source.ok()) return source.status();
          return std::unique_ptr<RecordSource>(std::move(*source));
        });
    if (!started.ok()) return {Kind::Configuration, started.message()};
    stream->turned_ms.store(steady_ms());
    streams_.push_back(std::move(stream));
  }
  contact_ms_.store(steady_ms());
  return {};
}

void Engine::Impl::run_stream(Stream& stream) {
  bool fenced = false;
  while (!stop_.load(std::memory_order_relaxed)) {
    const Status status = stream.worker->turn();
    stream.turned_ms.store(steady_ms(), std::memory_order_relaxed);
    if (status.ok()) continue;
    fenced = status.verdict() == Verdict::Fenced;
    if (fenced) {
      fail(Kind::KafkaUnreachable,
           fmt::format("another live process is member {} of consumer group {}: {}. Give each process its own state "
                       "folder or --instance-id",
                       instance_.instance_id(), config_.app_id, status.message()));
    } else {
      fail(Kind::Configuration, status.message());
    }
  }
  stream.worker->close(!fenced && config_.on_stop == OnStop::Leave, kCloseLimit);
}

void Engine::Impl::run_restoring() {
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
    if (now - purged >= kPurgeEvery && config_.check_topics) {
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
    spdlog::debug("{}; tried again later", status.message());
  }
}

void Engine::Impl::run_clock() {
  auto asked = SteadyClock::now();
  while (!workers_done_.load()) {
    const Timestamp now = clock_.now();
    const Timestamp next = home_clock_->step(now);
    if (SteadyClock::now() - asked >= std::chrono::seconds(1)) {
      asked = SteadyClock::now();
      if (clock_offsets_->input_partitions().ok()) contact_ms_.store(steady_ms());
    }
    std::unique_lock lock(stop_mutex_);
    stopped_.wait_for(lock, std::clamp(next - now, Duration{1}, Duration{1'000}),
                      [this] { return workers_done_.load(); });
  }
}

void Engine::Impl::run_placement() {
  while (!workers_done_.load()) placement_->turn();
  placement_->leave();
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

void Engine::Impl::fail(Kind kind, const std::string& message) {
  spdlog::error("{}", message);
  {
    const std::lock_guard lock(stop_mutex_);
    if (!failure_.failed()) failure_ = {kind, message};
  }
  request_stop();
}

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

Engine::Engine(EngineConfig config, SupplierFactory suppliers)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(suppliers))) {}
Engine::~Engine() = default;
void Engine::advertise_http(std::string address) { impl_->advertise_http(std::move(address)); }
EngineFailure Engine::start() { return impl_->start(); }
void Engine::request_stop() { impl_->request_stop(); }
EngineFailure Engine::wait() { return impl_->wait(); }
EngineSnapshot Engine::snapshot() const { return impl_->snapshot(); }
std::vector<InstanceInfo> Engine::instances() const { return impl_->instances(); }
std::optional<InstanceInfo> Engine::owner_of(Partition home) const { return impl_->owner_of(home); }
std::shared_ptr<const state::CommittedStore> Engine::committed_store(Partition home) const {
  return impl_->committed_store(home);
}
state::RocksUsage Engine::state_usage() const { return impl_->state_usage(); }
std::map<std::string, std::string> Engine::kafka_statistics() const { return impl_->kafka_statistics(); }

std::string kafka_client_version() { return client_version_string(); }

}  // namespace ebc::topology
