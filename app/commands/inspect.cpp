#include <fmt/format.h>

#include "app/command_json.h"
#include "app/commands/commands.h"
#include "app/commands/stopped_instance.h"
#include "app/exit_codes.h"
#include "app/options/settings.h"
#include "processor/group/rfc3339.h"
#include "processor/group/row_codec.h"
#include "topology/local_trust.h"

namespace ebc::app {
namespace {

std::string time_text(Timestamp time) {
  std::string text;
  group::append_rfc3339(time, text);
  return text;
}

struct OpenGroup {
  std::string id;
  group::Group group;
};

struct HomeContents {
  Partition home = 0;
  std::optional<Offset> offset_next;  ///< of the changelog
  std::optional<topology::Progress> progress;
  std::uint64_t rows = 0, bytes = 0;
  std::uint64_t open = 0, waiting = 0, resolved = 0;  ///< group ids by what is known of them
  std::vector<OpenGroup> groups;
};

Status read_row(std::string_view key, std::string_view value, bool list_groups, HomeContents& contents) {
  if (key == topology::kRestoreKey) return {};  // of this store alone: the same home elsewhere doesn't have it
  ++contents.rows;
  contents.bytes += key.size() + value.size();
  if (key == topology::kProgressKey) {
    auto progress = topology::decode_progress(value);
    if (!progress.ok()) return progress.status();
    contents.progress = *progress;
    return {};
  }
  std::string prefix;
  group::head_key({}, prefix);
  if (!key.starts_with(prefix)) return {};
  group::HeadKind kind{};
  if (!group::decode_head_kind(value, kind)) {
    return {Verdict::Fatal, "a group's row can't be read: run the version that wrote it"};
  }
  switch (kind) {
    case group::HeadKind::Group:
      ++contents.open;
      break;
    case group::HeadKind::Waiting:
      ++contents.waiting;
      return {};
    case group::HeadKind::Resolved:
      ++contents.resolved;
      return {};
  }
  if (!list_groups) return {};
  OpenGroup open{std::string(key.substr(prefix.size())), {}};
  if (!group::decode_group(value, open.group)) {
    return {Verdict::Fatal, "a group's row can't be read: run the version that wrote it"};
  }
  contents.groups.push_back(std::move(open));
  return {};
}

Result<HomeContents> read_home(const state::RocksDatabase& database, Partition home, bool list_groups) {
  HomeContents contents;
  contents.home = home;
  const auto store = database.view_home(home);
  auto offset_next = store->changelog_offset_next();
  if (!offset_next.ok()) return offset_next.status();
  contents.offset_next = *offset_next;
  Status status;
  EBC_TRY(store->scan({}, {}, [&](std::string_view key, std::string_view value) {
    status = read_row(key, value, list_groups, contents);
    return status.ok();
  }));
  if (!status.ok()) return status;
  return contents;
}

void print_identity(const state::StateDirectory& folder, bool json) {
  const auto& owner = folder.owner();
  if (json) {
    fmt::print("{{\"folder\":{},\"application\":{},\"cluster\":{},\"instance\":{},\"uuid\":{}}}\n",
               json_string(folder.path().string()), json_string(owner.app_id), json_string(owner.cluster_id),
               json_string(folder.instance_id()), json_string(folder.uuid()));
    return;
  }
  fmt::print("application {}, cluster {}, instance {}\n", owner.app_id, owner.cluster_id, folder.instance_id());
  fmt::print("{:>5}  {:>12}  {:>10}  {:>12}  {:>10}  {:>8}  {:>10}  {:>12}  {:>12}  {}\n", "HOME", "CHANGELOG", "ROWS",
             "BYTES", "OPEN", "WAITING", "RESOLVED", "INPUT", "REPARTITION", "CLOCK");
}

void print_home(const HomeContents& home, bool json) {
  const auto progress = home.progress.value_or(topology::Progress{});
  const std::string clock = home.progress ? time_text(progress.clock) : "";
  const Offset offset_next = home.offset_next.value_or(0);
  if (json) {
    fmt::print(
        "{{\"home\":{},\"changelog_next\":{},\"rows\":{},\"bytes\":{},\"open\":{},\"waiting\":{},\"resolved\":{},"
        "\"input_next\":{},\"repartition_next\":{},\"clock\":{}}}\n",
        home.home, offset_next, home.rows, home.bytes, home.open, home.waiting, home.resolved, progress.input_next,
        progress.repartition_next, json_string(clock));
  } else {
    fmt::print("{:>5}  {:>12}  {:>10}  {:>12}  {:>10}  {:>8}  {:>10}  {:>12}  {:>12}  {}\n", home.home, offset_next,
               home.rows, home.bytes, home.open, home.waiting, home.resolved, progress.input_next,
               progress.repartition_next, clock);
  }
  for (const OpenGroup& open : home.groups) {
    const auto& counts = open.group.counts;
    const auto awaited = counts.expected - counts.results - counts.failures;
    if (json) {
      fmt::print("{{\"group\":{},\"home\":{},\"created\":{},\"deadline\":{},\"expected\":{},\"awaited\":{}}}\n",
                 json_string(open.id), home.home, json_string(time_text(open.group.created)),
                 json_string(time_text(open.group.deadline)), counts.expected, awaited);
    } else {
      fmt::print("       {}  created {}  deadline {}  awaits {} of {}\n", json_string(open.id),
                 time_text(open.group.created), time_text(open.group.deadline), awaited, counts.expected);
    }
  }
}

}  // namespace

int inspect_command(const CommandInput& input) {
  const auto path = state_folder(input.options, input.environment, input.faults);
  if (!input.faults.empty()) return report_faults(input.faults);
  auto instance = open_stopped(path);
  if (!instance.ok()) return report_failure(kExitState, instance.status().message());
  const bool json = input.options.on("json");
  print_identity(instance->folder, json);
  for (const Partition home : instance->database->homes()) {
    auto contents = read_home(*instance->database, home, input.options.on("groups"));
    if (!contents.ok()) {
      return report_failure(kExitState, fmt::format("home {}: {}", home, contents.status().message()));
    }
    print_home(*contents, json);
  }
  return kExitDone;
}

}  // namespace ebc::app
