#include "topology/engine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <set>
#include <vector>

#include "topology/at_least_once_sink.h"
#include "topology/client_version.h"
#include "topology/denial.h"
#include "topology/engine_impl.h"
#include "topology/kafka_admin.h"
#include "topology/kafka_config.h"
#include "topology/kafka_sink.h"
#include "topology/kafka_source.h"

namespace ebc::topology {
namespace {

std::string taken_id(const std::string& id, const std::string& app_id, const InstanceRecord& holder) {
  return fmt::format(
      "another live process{} is member {} of consumer group {}, with the state folder {}. Give each "
      "process its own --instance-id, or none so that its state folder names it",
      holder.http.empty() ? "" : " (" + holder.http + ")", id, app_id, holder.uuid);
}

/// Those of dynamic members have none.
Result<std::set<std::string>> static_ids(const Result<std::vector<GroupMember>>& members) {
  if (!members.ok()) return members.status();
  std::set<std::string> ids;
  for (const GroupMember& member : members.value()) {
    if (!member.instance_id.empty()) ids.insert(member.instance_id);
  }
  return ids;
}

EngineFailure refused(const Status& status) { return {EngineFailure::Kind::Configuration, status.message()}; }

}  // namespace

std::int64_t steady_ms() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Engine::Impl::Impl(EngineConfig config, SupplierFactory suppliers)
    : config_(std::move(config)), suppliers_(std::move(suppliers)), instance_(config_, clock_, stop_) {}

Engine::Impl::~Impl() {
  request_stop();
  wait();
}

EngineFailure Engine::Impl::start() {
  if (EngineFailure failure = instance_.reach(); failure.failed()) return failure;
  // Its clients find their way while the rest is prepared.
  placement_ = std::make_unique<Placement>(config_, instance_.uuid(), clock_, [this] { return own_record(); });
  if (const Status connected = placement_->connect(); !connected.ok()) return refused(connected);
  if (EngineFailure failure = instance_.prepare(); failure.failed()) return failure;
  board_ = std::make_unique<HomeBoard>(instance_.topics().homes);
  if (EngineFailure failure = make_restoring(); failure.failed()) return failure;
  // Their clients warm up while we look who else is there.
  restoring_thread_ = std::thread([this] { run_restoring(); });
  clock_thread_ = std::thread([this] { run_clock(); });
  if (EngineFailure failure = refuse_namesake(); failure.failed()) return failure;
  if (EngineFailure failure = make_fencer(); failure.failed()) return failure;
  if (EngineFailure failure = instance_.end_old_transactions(); failure.failed()) return failure;
  if (EngineFailure failure = make_standbys(); failure.failed()) return failure;
  // Known to the others before it can be in their way.
  placement_->announce(own_record());
  if (EngineFailure failure = make_workers(); failure.failed()) return failure;
  spdlog::info("{} homes, {} threads, {}, member {}", board_->homes(), config_.threads,
               config_.guarantee == Guarantee::ExactlyOnce ? "exactly-once" : "at-least-once",
               instance_.instance_id().empty() ? "(dynamic)" : instance_.instance_id());
  started_.store(true);
  for (auto& stream : streams_) stream->thread = std::thread([this, s = stream.get()] { run_stream(*s); });
  placement_thread_ = std::thread([this] { run_placement(); });
  if (standbys_) standby_thread_ = std::thread([this] { run_standbys(); });
  return {};
}

void Engine::Impl::request_stop() {
  stop_.store(true);
  // Before that nothing runs yet, and streams_ may still grow.
  if (started_.load()) {
    for (const auto& stream : streams_) stream->worker->wake();
  }
  const std::lock_guard lock(stop_mutex_);
  stopped_.notify_all();
}

EngineFailure Engine::Impl::wait() {
  for (auto& stream : streams_) {
    if (stream->thread.joinable()) stream->thread.join();
  }
  // Only now: a worker that closes still answers for homes that are being taken.
  workers_done_.store(true);
  {
    const std::lock_guard lock(stop_mutex_);
    stopped_.notify_all();
  }
  for (std::thread* thread : {&standby_thread_, &restoring_thread_, &clock_thread_, &placement_thread_}) {
    if (thread->joinable()) thread->join();
  }
  const std::lock_guard lock(stop_mutex_);
  return failure_;
}

EngineFailure Engine::Impl::make_restoring() {
  auto take_offsets = KafkaOffsets::make(config_, "take");
  if (!take_offsets.ok()) return refused(take_offsets.status());
  take_offsets_ = std::move(*take_offsets);
  auto clock_offsets = KafkaOffsets::make(config_, "clock");
  if (!clock_offsets.ok()) return refused(clock_offsets.status());
  clock_offsets_ = std::move(*clock_offsets);
  auto reader = KafkaChangelogReader::make(config_, KafkaChangelogReader::Use::Restore);
  if (!reader.ok()) return refused(reader.status());
  reader_ = std::move(*reader);

  const auto post = [this](int thread, WorkerMessage message) {
    StreamWorker& worker = *streams_[static_cast<std::size_t>(thread)]->worker;
    worker.mailbox().post(std::move(message));
    worker.wake();
  };
  const TakeRules rules{
      .from = config_.from, .on_lost_offsets = config_.on_lost_offsets, .stall_timeout = config_.stall_timeout};
  takes_ = std::make_unique<TakeQueue>(rules, instance_.stores(), *take_offsets_, *reader_, clock_, post);
  home_clock_ = std::make_unique<HomeClock>(
      HomeClockConfig{.foreign_wait = longest_transaction(config_.transaction_timeout)}, *board_, *clock_offsets_,
      [post](int thread, ClockAdvance advance) { post(thread, advance); });
  return {};
}

EngineFailure Engine::Impl::make_standbys() {
  if (config_.standbys == 0) return {};
  auto offsets = KafkaOffsets::make(config_, "standby");
  if (!offsets.ok()) return refused(offsets.status());
  standby_offsets_ = std::move(*offsets);
  auto reader = KafkaChangelogReader::make(config_, KafkaChangelogReader::Use::Follow);
  if (!reader.ok()) return refused(reader.status());
  standby_reader_ = std::move(*reader);
  standbys_ = std::make_unique<Standbys>(StandbyConfig{.stall_timeout = config_.stall_timeout}, instance_.stores(),
                                         *standby_offsets_, *standby_reader_, clock_);
  return {};
}

EngineFailure Engine::Impl::refuse_namesake() {
  auto namesake = placement_->find_namesake(instance_.instance_id(), config_.start_timeout, stop_);
  if (denies_a_right(namesake.status()))
    return {Kind::KafkaUnreachable, instance_.refusal(namesake.status().message())};
  if (!namesake.ok()) return {Kind::KafkaUnreachable, namesake.status().message()};
  if (!namesake->has_value()) return {};
  return {Kind::KafkaUnreachable, taken_id(instance_.instance_id(), config_.app_id, **namesake)};
}

EngineFailure Engine::Impl::make_fencer() {
  if (config_.embedded_broker) return {};
  auto admin = KafkaAdmin::make(config_);
  if (!admin.ok()) return refused(admin.status());
  placement_admin_ = std::move(*admin);
  fencer_ = std::make_unique<Fencer>(
      placement_->registry(), config_.session_timeout,
      Fencer::Actions{.members = [this] { return static_ids(placement_admin_->members(config_.app_id)); },
                      .end_transaction =
                          [this](const std::string& id) {
                            KafkaStatistics unread;
                            ExactlyOnceSink sink(config_, id, "dead instance", unread);
                            Status opened = sink.open();
                            if (opened.verdict() == Verdict::Retry) opened = sink.open();
                            return opened;
                          }});
  return {};
}

EngineFailure Engine::Impl::make_workers() {
  for (int i = 0; i < config_.threads; ++i) {
    auto stream = std::make_unique<Stream>(config_.stall_timeout);
    stream->supplier = suppliers_(i);
    const std::string name = fmt::format("stream-{}", i);
    const auto refused = std::make_shared<RefusedOutputs>();
    const SinkFactory make_sink = [this, i, name, refused](RecordSource& source) -> std::unique_ptr<Sink> {
      const auto plain = [&](const std::string& role) {
        return std::make_unique<PlainSink>(config_, name, name + role, statistics_, source, refused);
      };
      const auto transactional = [&] {
        return std::make_unique<ExactlyOnceSink>(config_, instance_.transactional_id(i), name + " producer",
                                                 statistics_, refused);
      };
      if (config_.embedded_broker) return plain(" producer");
      if (config_.guarantee == Guarantee::ExactlyOnce) return transactional();
      return std::make_unique<AtLeastOnceSink>(plain(" outputs producer"), transactional());
    };
    stream->worker = std::make_unique<StreamWorker>(WorkerConfig{.thread = i,
                                                                 .changelog_topic = config_.changelog_topic(),
                                                                 .repartition_topic = config_.repartition_topic(),
                                                                 .commit_interval = config_.commit_interval,
                                                                 .buffer_bytes = config_.buffer_bytes,
                                                                 .buffer_records = config_.buffer_records,
                                                                 .row_cache_bytes = config_.row_cache_bytes,
                                                                 .stall_timeout = config_.stall_timeout},
                                                    clock_, *stream->supplier, *takes_, *board_, make_sink);
    const std::string& instance = instance_.instance_id();
    const std::string member = instance.empty() ? "" : fmt::format("{}-{}", instance, i);
    stream->make_source = [this, member, name](RebalanceListener& listener) -> Result<std::unique_ptr<RecordSource>> {
      auto source = KafkaSource::make(config_, member, name, statistics_, listener);
      if (!source.ok()) return source.status();
      return std::unique_ptr<RecordSource>(std::move(*source));
    };
    const Status started = stream->worker->start(stream->make_source);
    if (!started.ok()) return {Kind::Configuration, started.message()};
    stream->turned_ms.store(steady_ms());
    streams_.push_back(std::move(stream));
  }
  contact_ms_.store(steady_ms());
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

std::string kafka_client_version() {
  const ClientRemark remark = remark_on_client(rd_kafka_version());
  return remark.text.empty() ? client_version_string() : fmt::format("{} ({})", client_version_string(), remark.text);
}

}  // namespace ebc::topology
