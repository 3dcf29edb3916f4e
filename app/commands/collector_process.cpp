#include "app/commands/collector_process.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <condition_variable>
#include <cstdlib>

#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/group_runtime.h"
#include "app/http/engine_metrics.h"
#include "app/http/kafka_metrics.h"
#include "app/http/process_metrics.h"
#include "app/http/service.h"
#include "processor/api/clock.h"
#include "topology/engine.h"

namespace ebc::app {
namespace {

// The contract's 5 seconds from SIGTERM to the end, with some room for the end itself.
constexpr auto kStopDeadline = std::chrono::milliseconds(4'700);
constexpr auto kSameSignal = std::chrono::milliseconds(300);

int exit_code_of(topology::EngineFailure::Kind kind) {
  using Kind = topology::EngineFailure::Kind;
  switch (kind) {
    case Kind::None:
      return kExitDone;
    case Kind::Configuration:
      return kExitUsage;
    case Kind::KafkaUnreachable:
      return kExitKafka;
    case Kind::StateUnusable:
      return kExitState;
  }
  return kExitFailed;
}

// Ends the process when stopping takes too long. That is safe at any moment: what wasn't committed is done again.
class StopWatchdog {
 public:
  explicit StopWatchdog(std::function<void()> on_abandoned) : on_abandoned_(std::move(on_abandoned)) {}

  ~StopWatchdog() {
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  // On the signals' thread, once.
  void arm() {
    thread_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, kStopDeadline, [this] { return finished_; })) return;
      on_abandoned_();
      spdlog::error("stopping took too long, ending at once; the open transaction is left to its timeout");
      spdlog::default_logger()->flush();
      std::_Exit(kExitFailed);
    });
  }

 private:
  const std::function<void()> on_abandoned_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;  // guarded by mutex_
  std::thread thread_;
};

// Serves until destruction; null when it is turned off.
std::unique_ptr<HttpService> start_http(const CollectorSettings& settings, topology::Engine& engine,
                                        GroupRuntime& groups, const Clock& clock, Status& status) {
  const auto& http = settings.http;
  if (!http.enabled) return nullptr;
  const auto snapshot = [&engine] { return engine.snapshot(); };
  std::vector<std::shared_ptr<const prometheus::Collectable>> metrics{
      std::make_shared<EngineMetrics>(snapshot, clock),
      std::make_shared<StateMetrics>([&engine] { return engine.state_usage(); }),
      std::make_shared<KafkaMetrics>([&engine] { return engine.kafka_statistics(); }, settings.engine.input_topic),
      std::make_shared<ProcessMetrics>()};
  for (auto& source : groups.metrics()) metrics.push_back(std::move(source));
  const bool exactly_once = settings.engine.guarantee == topology::Guarantee::ExactlyOnce;
  auto service = std::make_unique<HttpService>(HttpService::Parts{
      .engine = engine,
      .recent = groups.recent(),
      .floors = groups.floors(),
      .session_timeout = settings.engine.session_timeout,
      .access = AccessRule(http.token, is_loopback(http.host), http.insecure),
      .metrics = std::move(metrics),
      .api = {.sources = {.snapshot = snapshot,
                          .stats = groups.stats(),
                          .application = {.app_id = settings.engine.app_id,
                                          .topic = settings.engine.input_topic,
                                          .output_topic = settings.engine.output_topics.front(),
                                          .guarantee = exactly_once ? "exactly-once" : "at-least-once"}},
              .groups = settings.groups,
              .bus = {.brokers = settings.engine.brokers,
                      .topic = settings.engine.input_topic,
                      .output_topic = settings.engine.output_topics.front(),
                      .kafka = settings.engine.kafka,
                      .timeout = settings.engine.start_timeout},
              .dead_letter_topic = settings.engine.dead_letter_topic(),
              .options = settings.in_force}});
  status = service->start(http.host, http.port);
  if (!status.ok()) return service;
  spdlog::info("http: listening on {}:{}", http.host, service->port());
  engine.advertise_http(advertised_address(http, service->port()));
  return service;
}

}  // namespace

int run_collector(const CollectorSettings& settings, StopSignals& signals, const CollectorHooks& hooks) {
  const SystemClock clock;
  GroupRuntime groups(settings.groups, settings.http.enabled ? settings.recent_outcome_bytes : 0);
  topology::Engine engine(settings.engine, groups.supplier_factory());
  Status http_status;
  const auto service = start_http(settings, engine, groups, clock, http_status);
  if (!http_status.ok()) {
    return report_failure(kExitUsage,
                          fmt::format("--http: {}; give another address, or --http=off", http_status.message()));
  }

  StopWatchdog watchdog(hooks.on_abandoned);
  std::atomic<bool> started = false;
  const auto end_at_once = [&](int exit_code) {
    hooks.on_abandoned();
    std::_Exit(exit_code);
  };
  std::chrono::steady_clock::time_point first_signal;
  signals.watch([&](int count) {
    if (count == 1) first_signal = std::chrono::steady_clock::now();
    // Until it is started there is nothing to finish.
    if (!started) end_at_once(kExitDone);
    // Wrappers often pass one signal on twice, to the process and to its group.
    if (count > 1 && std::chrono::steady_clock::now() - first_signal > kSameSignal) end_at_once(kExitFailed);
    if (count > 1) return;
    spdlog::info("stopping: finishing what is at hand; a second signal ends at once");
    watchdog.arm();
    engine.request_stop();
  });

  auto failure = engine.start();
  if (!failure.failed()) {
    started = true;
    hooks.on_started();
    failure = engine.wait();
  }
  if (failure.failed()) return report_failure(exit_code_of(failure.kind), failure.message);
  spdlog::info("stopped");
  return kExitDone;
}

}  // namespace ebc::app
