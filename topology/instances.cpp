#include "topology/instances.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>

namespace ebc::topology {
namespace {

constexpr std::string_view kHeader = "ebc-instance 1";
constexpr std::string_view kAnyHeader = "ebc-instance ";
constexpr std::string_view kDynamic = "-";

std::string_view name_of(HomeState state) {
  switch (state) {
    case HomeState::Taking:
      return "taking";
    case HomeState::Restoring:
      return "restoring";
    case HomeState::Running:
      return "running";
    case HomeState::Standby:
      return "standby";
  }
  return "";
}

std::optional<HomeState> state_named(std::string_view name) {
  for (const auto state : {HomeState::Taking, HomeState::Restoring, HomeState::Running}) {
    if (name == name_of(state)) return state;
  }
  return std::nullopt;
}

/// Takes the text up to `separator`, or all of it.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return head;
}

template <typename Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool read_list(std::string_view text, std::vector<Partition>& list) {
  while (!text.empty()) {
    if (!read(cut(text, ','), list.emplace_back())) return false;
  }
  return true;
}

bool read_home(std::string_view text, HomeSnapshot& home) {
  if (!read(cut(text, ' '), home.home)) return false;
  const auto state = state_named(cut(text, ' '));
  if (!state) return false;
  home.state = *state;
  std::int64_t clock_ms = 0;
  const bool numbers = read(cut(text, ' '), home.restored) && read(cut(text, ' '), home.restore_lag) &&
                       read(cut(text, ' '), home.input_lag) && read(text, clock_ms);
  home.clock = timestamp_from_ms(clock_ms);
  return numbers;
}

bool read_standby(std::string_view text, HomeSnapshot& home) {
  home.state = HomeState::Standby;
  return read(cut(text, ' '), home.home) && read(text, home.restore_lag);
}

bool read_field(std::string_view name, std::string_view value, InstanceRecord& record) {
  if (name == "id") record.id = value == kDynamic ? std::string_view{} : value;
  if (name == "uuid") record.uuid = value;
  if (name == "http") record.http = value;
  if (name == "version") record.version = value;
  if (name == "client") record.client = value;
  if (name == "formats") return read(cut(value, '/'), record.changelog_format) && read(value, record.progress_format);
  if (name == "partitions") return read_list(value, record.partitions);
  if (name == "home") return read_home(value, record.homes.emplace_back());
  if (name == "standby") return read_standby(value, record.standbys.emplace_back());
  if (name == "producer") {
    ProducerIds& ids = record.producers.emplace_back();
    const bool counted = read(cut(value, ' '), ids.threads);
    ids.prefix = value;
    return counted;
  }
  if (name == "heartbeat") {
    std::int64_t ms = 0;
    const bool numeric = read(value, ms);
    record.heartbeat = timestamp_from_ms(ms);
    return numeric;
  }
  return true;
}

/// Line breaks would end the field; they have no business in any of ours.
std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

}  // namespace

std::string encode(const InstanceRecord& record) {
  std::string text = fmt::format("{}\nid {}\nuuid {}\n", kHeader, record.id.empty() ? kDynamic : one_line(record.id),
                                 one_line(record.uuid));
  if (!record.http.empty()) text += fmt::format("http {}\n", one_line(record.http));
  text += fmt::format("version {}\nclient {}\nformats {}/{}\nheartbeat {}\npartitions {}\n", one_line(record.version),
                      one_line(record.client), record.changelog_format, record.progress_format, to_ms(record.heartbeat),
                      fmt::join(record.partitions, ","));
  for (const ProducerIds& ids : record.producers) {
    text += fmt::format("producer {} {}\n", ids.threads, one_line(ids.prefix));
  }
  for (const HomeSnapshot& home : record.homes) {
    text += fmt::format("home {} {} {} {} {} {}\n", home.home, name_of(home.state), home.restored, home.restore_lag,
                        home.input_lag, to_ms(home.clock));
  }
  for (const HomeSnapshot& home : record.standbys) text += fmt::format("standby {} {}\n", home.home, home.restore_lag);
  return text;
}

Result<InstanceRecord> decode_instance(std::string_view text) {
  const std::string_view header = cut(text, '\n');
  if (header != kHeader) {
    return Status(Verdict::Fatal, header.starts_with(kAnyHeader)
                                      ? fmt::format("an instance's record of version {}, this program reads version {}",
                                                    header.substr(kAnyHeader.size()), kHeader.substr(kAnyHeader.size()))
                                      : std::string("no record of an instance"));
  }
  InstanceRecord record;
  while (!text.empty()) {
    std::string_view value = cut(text, '\n');
    const std::string_view name = cut(value, ' ');
    if (!read_field(name, value, record)) {
      return Status(Verdict::Fatal, fmt::format("an instance's record has an illegible {}", name));
    }
  }
  if (record.uuid.empty()) return Status(Verdict::Fatal, "an instance's record without uuid");
  return record;
}

InstanceInfo show(const InstanceRecord& record) {
  InstanceInfo info{.id = record.id,
                    .uuid = record.uuid,
                    .http = record.http,
                    .version = record.version,
                    .client = record.client,
                    .partitions = record.partitions,
                    .home_details = record.homes,
                    .heartbeat = record.heartbeat};
  for (const HomeSnapshot& home : record.homes) {
    if (home.state == HomeState::Running) info.homes.push_back(home.home);
  }
  for (const HomeSnapshot& home : record.standbys) {
    info.standbys.push_back(home.home);
    info.home_details.push_back(home);
  }
  return info;
}

}  // namespace ebc::topology
