#include <fmt/format.h>

#include <array>
#include <chrono>

#include "app/command_json.h"
#include "app/commands/commands.h"
#include "app/commands/stopped_instance.h"
#include "app/exit_codes.h"
#include "app/options/settings.h"
#include "state/store_check.h"
#include "topology/kafka_admin.h"
#include "topology/kafka_changelog_reader.h"
#include "topology/kafka_offsets.h"

namespace ebc::app {
namespace {

using state::StoreCheck;
using topology::LogPartition;

constexpr Duration kSilence{30'000};  ///< the changelog has not answered for so long: given up

std::string_view name_of(StoreCheck::Kind kind) {
  switch (kind) {
    case StoreCheck::Kind::Missing:
      return "missing in the store";
    case StoreCheck::Kind::Surplus:
      return "not in the changelog";
    case StoreCheck::Kind::Differs:
      return "another value";
  }
  return "";
}

// The clients that it takes to read a changelog.
struct Changelogs {
  std::unique_ptr<topology::KafkaOffsets> offsets;
  std::unique_ptr<topology::KafkaChangelogReader> reader;
};

// Feeds the whole changelog of `home` to `check`.
Status read_changelog(const Changelogs& kafka, Partition home, Offset start, Offset end, StoreCheck& check) {
  if (start >= end) return {};
  EBC_TRY(kafka.reader->start(home, start));
  Offset next = start;
  Status status;
  topology::ChangelogReader::Visitor visitor;
  visitor.record = [&](Partition, Offset offset, std::optional<std::string_view> key,
                       std::optional<std::string_view> value) {
    next = offset + 1;
    if (status.ok() && offset < end) status = check.add(offset, key, value);
  };
  visitor.end = [&](Partition, Offset offset_next) { next = std::max(next, offset_next); };
  visitor.broken = [&](Partition) { status = {Verdict::Retry, "its start was deleted while it was read"}; };
  auto heard = std::chrono::steady_clock::now();
  while (status.ok() && next < end) {
    const Offset before = next;
    status = kafka.reader->poll(Duration{100}, visitor);
    const auto now = std::chrono::steady_clock::now();
    if (next != before) heard = now;
    if (status.ok() && now - heard > kSilence) status = {Verdict::Retry, "the changelog doesn't answer"};
  }
  kafka.reader->stop(home);
  return status;
}

void print(Partition home, Offset offset_next, const StoreCheck::Report& report, bool json) {
  if (json) {
    fmt::print("{{\"home\":{},\"changelog_next\":{},\"equal\":{},\"newer\":{},\"different\":{}}}\n", home, offset_next,
               report.equal, report.newer, report.different);
  } else {
    fmt::print("home {}: {} rows equal the changelog before offset {}, {} differ; {} were written later\n", home,
               report.equal, offset_next, report.different, report.newer);
  }
  for (const auto& difference : report.differences) {
    if (json) {
      fmt::print("{{\"home\":{},\"key\":{},\"difference\":{}}}\n", home, json_string(difference.key),
                 json_string(name_of(difference.kind)));
    } else {
      fmt::print("  {}: {}\n", json_string(difference.key), name_of(difference.kind));
    }
  }
}

}  // namespace

int verify_command(const CommandInput& input) {
  auto config = topic_settings(input.options, input.faults);
  const auto path = state_folder(input.options, input.environment, input.faults);
  if (!input.faults.empty()) return report_faults(input.faults);
  auto instance = open_stopped(path);
  if (!instance.ok()) return report_failure(kExitState, instance.status().message());
  config.app_id = instance->folder.owner().app_id;

  const auto failed = [](const Status& status) { return report_failure(kExitKafka, status.message()); };
  auto admin = topology::KafkaAdmin::make(config);
  if (!admin.ok()) return report_failure(kExitUsage, admin.status().message());
  if (const auto status = (*admin)->connect(config.start_timeout); !status.ok()) return failed(status);
  auto cluster = (*admin)->cluster_id(config.start_timeout);
  if (!cluster.ok()) return failed(cluster.status());
  if (*cluster != instance->folder.owner().cluster_id) {
    return report_failure(
        kExitUsage, fmt::format("the folder {} is of cluster {}, but {} is {}: give the right --brokers", path.string(),
                                instance->folder.owner().cluster_id, config.brokers, *cluster));
  }
  auto offsets = topology::KafkaOffsets::make(config, "verify");
  if (!offsets.ok()) return failed(offsets.status());
  auto reader = topology::KafkaChangelogReader::make(config, topology::KafkaChangelogReader::Use::Restore);
  if (!reader.ok()) return failed(reader.status());
  const Changelogs kafka{std::move(*offsets), std::move(*reader)};

  bool equal = true;
  for (const Partition home : instance->database->homes()) {
    const auto store = instance->database->view_home(home);
    auto position = store->changelog_offset_next();
    if (!position.ok()) return report_failure(kExitState, position.status().message());
    const Offset offset_next = position->value_or(0);
    const std::array log{LogPartition{topology::Channel::Changelog, home}};
    auto starts = kafka.offsets->starts(log);
    if (!starts.ok()) return failed(starts.status());
    auto ends = kafka.offsets->ends(log);
    if (!ends.ok()) return failed(ends.status());
    if (offset_next > (*ends)[0] || offset_next < (*starts)[0]) {
      fmt::print("home {}: it stands at offset {}, outside of the changelog's {} to {}: it would be restored whole\n",
                 home, offset_next, (*starts)[0], (*ends)[0]);
      equal = false;
      continue;
    }
    StoreCheck check(offset_next);
    if (const auto read = read_changelog(kafka, home, (*starts)[0], (*ends)[0], check); !read.ok()) return failed(read);
    auto report = check.compare(*store);
    if (!report.ok()) return report_failure(kExitState, report.status().message());
    print(home, offset_next, *report, input.options.on("json"));
    equal &= report->different == 0;
  }
  return equal ? kExitDone : kExitFailed;
}

}  // namespace ebc::app
