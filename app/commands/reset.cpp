// reset: the application as on its first day, by order of somebody who was asked.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "app/command_json.h"
#include "app/commands/commands.h"
#include "app/exit_codes.h"
#include "app/options/settings.h"
#include "app/options/values.h"
#include "topology/kafka_admin.h"
#include "topology/topic_setup.h"

namespace ebc::app {
namespace {

using topology::EngineConfig;
using topology::KafkaAdmin;

/// How much longer than its session a dead member may be listed.
constexpr Duration kGrace{5'000};

bool user_agrees(const EngineConfig& config) {
  fmt::print(
      stderr,
      "This empties the application {} at {}: its open groups, the records on their way ({}, {}) and its offsets "
      "are deleted.\nThe topic {}, outcomes and dead letters stay. Go on? [y/N] ",
      config.app_id, config.brokers, config.changelog_topic(), config.repartition_topic(), config.input_topic);
  std::string line;
  return std::getline(std::cin, line) && (line == "y" || line == "Y" || line == "yes");
}

/// Until nobody is a member any more; a member that lives never goes.
Status wait_for_silence(KafkaAdmin& admin, const EngineConfig& config) {
  const auto until = std::chrono::steady_clock::now() + config.session_timeout + kGrace;
  bool told = false;
  for (;;) {
    auto members = admin.members(config.app_id);
    if (!members.ok()) return members.status();
    if (members->empty()) return {};
    std::string list;
    for (const auto& member : *members) {
      list += fmt::format("{}{} at {}", list.empty() ? "" : ", ", member.client, member.host);
    }
    if (std::chrono::steady_clock::now() >= until) {
      return {Verdict::Fatal,
              fmt::format("collectors of {} still run: {}. Stop them first; nothing was changed", config.app_id, list)};
    }
    if (!told) {
      fmt::print(stderr, "waiting up to {} for {} to be gone\n", format_duration(config.session_timeout + kGrace),
                 list);
    }
    told = true;
    std::this_thread::sleep_for(Duration{500});
  }
}

/// The offsets last: after a failure in the middle, what is left is an application whose state is gone but not its
/// offsets, and the next start says so instead of going on.
Status empty(KafkaAdmin& admin, const EngineConfig& config) {
  EBC_TRY(admin.delete_topic(config.repartition_topic()));
  EBC_TRY(admin.delete_topic(config.changelog_topic()));
  EBC_TRY(admin.delete_group(config.app_id));
  const auto made = topology::set_up_topics(admin, config);
  return made.status();
}

}  // namespace

int reset_command(const CommandInput& input) {
  auto config = topic_settings(input.options, input.faults);
  if (!input.faults.empty()) return report_faults(input.faults);
  config.session_timeout = input.options.duration("session-timeout");
  // The topics that were there are made anew, whatever a start may make.
  config.create_topics = topology::CreateTopics::Internal;
  auto admin = KafkaAdmin::make(config);
  if (!admin.ok()) return report_failure(kExitUsage, admin.status().message());
  if (const auto status = (*admin)->connect(config.start_timeout); !status.ok()) {
    return report_failure(kExitKafka, status.message());
  }
  if (!input.options.on("yes") && !user_agrees(config)) {
    return report_failure(kExitFailed, "nothing was changed (--yes goes on without asking)");
  }
  Status status = wait_for_silence(**admin, config);
  if (status.ok()) status = empty(**admin, config);
  if (!status.ok()) {
    return report_failure(status.verdict() == Verdict::Retry ? kExitKafka : kExitFailed, status.message());
  }
  if (input.options.on("json")) {
    fmt::print("{{\"reset\":{}}}\n", json_string(config.app_id));
  } else {
    fmt::print("{} is empty; the next start begins where its --from says\n", config.app_id);
  }
  return kExitDone;
}

}  // namespace ebc::app
