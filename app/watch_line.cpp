#include "app/watch_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "app/command_json.h"
#include "app/log.h"

namespace ebc::app {
namespace {

constexpr std::string_view kPrefix = "EventGroupCollector";
constexpr std::size_t kMostForeignBytes = 200;

std::string describe(const EventSummary& event) {
  const auto kind = std::string_view(event.type).substr(event.type.starts_with(kPrefix) ? kPrefix.size() : 0);
  std::string line = fmt::format("{:<10} {}", kind, event.group.empty() ? event.id : event.group);
  if (!event.group.empty() && !event.id.empty()) line += fmt::format("  {}", event.id);
  if (event.is_outcome() && !event.cause.empty()) line += fmt::format("  {}", event.cause);
  if (event.is_outcome() && !event.entity.empty() && event.entity != event.id)
    line += fmt::format(" of {}", event.entity);
  if (!event.error.empty() && event.error != "null") line += fmt::format(": {}", event.error);
  return line;
}

}  // namespace

std::string format_time(Timestamp time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(to_ms(time) / 1'000)),
                     to_ms(time) % 1'000);
}

std::string watch_line(const BusRecord& record, bool all, bool json) {
  // On a busy topic most records are commands; only likely outcomes are worth parsing.
  if (!all && record.value.find(kPrefix) == std::string_view::npos) return {};
  const auto event = summarize_event(record.value);
  if (!all && (!event || !event->is_outcome())) return {};
  if (json) return event ? one_line(record.value) : json_string(record.value);
  const auto time = format_time(record.time);
  if (event) return fmt::format("{}  {}", time, escape_controls(describe(*event)));
  return fmt::format("{}  {:<10} {}", time, "-", escape_controls(record.value.substr(0, kMostForeignBytes)));
}

}  // namespace ebc::app
