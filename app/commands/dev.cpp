#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <filesystem>

#include "app/commands/collector_process.h"
#include "app/commands/commands.h"
#include "app/dev_banner.h"
#include "app/exit_codes.h"
#include "app/kafka_mock_broker.h"
#include "app/tcp_forwarder.h"

namespace ebc::app {
namespace {

constexpr int kPartitions = 4;

// A folder that is gone when the object is.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    auto pattern = (std::filesystem::temp_directory_path(error) / "eb-collector-dev-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() { remove(); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  void remove() const {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  /// Empty: it could not be made.
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

Status create_topics(MockBroker& broker, const topology::EngineConfig& engine) {
  EBC_TRY(broker.create_topic(engine.input_topic, kPartitions));
  for (const auto& topic : engine.output_topics) {
    if (topic != engine.input_topic) EBC_TRY(broker.create_topic(topic, kPartitions));
  }
  EBC_TRY(broker.create_topic(engine.changelog_topic(), kPartitions));
  EBC_TRY(broker.create_topic(engine.repartition_topic(), kPartitions));
  EBC_TRY(broker.create_topic(engine.instances_topic(), 1));
  return broker.create_topic(engine.dead_letter_topic(), 1);
}

}  // namespace

int dev_command(const CommandInput& input) {
  auto settings = collector_settings(input.options, input.environment, input.faults);
  if (!input.faults.empty()) return report_faults(input.faults);

  const TemporaryFolder state;
  if (state.path().empty()) return report_failure(kExitState, "no temporary folder can be made; is $TMPDIR right?");
  MockBroker broker;
  if (const auto status = broker.start(); !status.ok()) return report_failure(kExitFailed, status.message());
  auto& engine = settings.engine;
  if (const auto status = create_topics(broker, engine); !status.ok())
    return report_failure(kExitFailed, status.message());
  TcpForwarder forwarder(broker.address());
  const auto port = static_cast<std::uint16_t>(input.options.integer("port"));
  if (const auto status = forwarder.start(port); !status.ok()) {
    return report_failure(kExitUsage,
                          fmt::format("--port: {}; give another one, or 0 for any free one", status.message()));
  }

  engine.brokers = broker.address();
  engine.state_dir = state.path();
  // What the embedded broker can do: no transactions, no admin requests, no member that comes back.
  engine.guarantee = topology::Guarantee::AtLeastOnce;
  engine.create_topics = topology::CreateTopics::None;
  engine.embedded_broker = true;
  engine.instance_id = "";
  const auto http =
      settings.http.enabled ? fmt::format("{}:{}", settings.http.host, settings.http.port) : std::string{};
  const auto print_banner = [&] {
    fmt::print("{}", dev_banner(fmt::format("127.0.0.1:{}", forwarder.port()), engine.input_topic,
                                engine.output_topics.front(), http));
    std::fflush(stdout);
  };
  return run_collector(settings, input.signals,
                       {.on_started = print_banner, .on_abandoned = [&state] { state.remove(); }});
}

}  // namespace ebc::app
