#include "app/reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/http/metric_table.h"
#include "app/options/command_line.h"

namespace ebc::app {
namespace {

constexpr std::string_view kNote =
    "<!-- Written by scripts/reference from the program's own tables: change those. -->\n";

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string commands_of(const OptionSpec& option) {
  std::vector<std::string_view> names;
  for (const CommandSpec& command : command_table()) {
    if ((option.scope & command.scope) != 0) names.push_back(command.name);
  }
  return names.size() == command_table().size() ? "all" : fmt::format("{}", fmt::join(names, ", "));
}

std::string value_of(const OptionSpec& option) {
  if (option.kind == OptionKind::Choice) return fmt::format("`{}`", fmt::join(option.choices, "` `"));
  return option.value_name.empty() ? "" : fmt::format("`{}`", option.value_name);
}

std::string option_row(const OptionSpec& option) {
  std::string name =
      option.secret ? fmt::format("`{}`", environment_name(option.name)) : fmt::format("`--{}`", option.name);
  for (const auto alias : option.flag_aliases) name += fmt::format(", `--{}`", alias);
  for (const auto alias : option.env_aliases) name += fmt::format(", `{}`", alias);
  std::string help(option.help);
  if (option.secret) help += fmt::format(" (only from this variable, or `--{}`)", option.instead);
  if (option.per_call) help += " (a flag only)";
  return fmt::format("| {} | {} | {} | {} | {} |\n", name, cell(value_of(option)),
                     option.default_text.empty() ? "" : fmt::format("`{}`", option.default_text), cell(help),
                     commands_of(option));
}

std::string_view type_name(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "gauge";
  }
}

}  // namespace

std::string options_page() {
  std::string page = fmt::format(
      "# Commands and options\n\n{}\nEvery option is a flag (`--max-ttl 1d`), a variable (`EB_COLLECTOR_MAX_TTL=1d`: "
      "the "
      "name in capitals, `_` for `-`)\nand a key of `--config FILE` (TOML, `max-ttl = \"1d\"`). A flag beats a "
      "variable "
      "beats the file beats the default. Durations:\n`100ms`, `30s`, `10min`, `2h`, `30d`; sizes: `512`, `900KiB`, "
      "`1MiB`, `2GiB`.\n\n## Commands\n\n| command | does |\n|---|---|\n",
      kNote);
  for (const CommandSpec& command : command_table()) {
    page += fmt::format("| `{}` | {} |\n", command.name, cell(command.summary));
  }
  std::string_view section;
  for (const OptionSpec& option : option_table()) {
    if (option.section != section) {
      section = option.section;
      page += fmt::format("\n## {}\n\n| option | value | default | | commands |\n|---|---|---|---|---|\n",
                          section == "This command" ? "Of single commands" : section);
    }
    page += option_row(option);
  }
  return page;
}

std::string metrics_page() {
  std::string page = fmt::format(
      "# Metrics\n\n{}\n`GET /metrics` gives them as Prometheus text. All names begin with `{}`, left out below. "
      "Counters "
      "begin anew with\nthe process. Those of groups say what was done, not what was committed: work of a transaction "
      "that is lost is done\nand counted again. The Kafka clients' own figures are as old as librdkafka's "
      "`statistics.interval.ms` (5 s; `--kafka`\nsets it, 0 turns them off).\n",
      kNote, kMetricPrefix);
  std::string_view section;
  for (const MetricSpec& metric : metric_table()) {
    if (metric.section != section) {
      section = metric.section;
      page += fmt::format("\n## {}\n\n| metric | type | labels | |\n|---|---|---|---|\n", section);
    }
    std::string labels;
    for (const auto label : metric.labels) labels += fmt::format("{}`{}`", labels.empty() ? "" : ", ", label);
    page += fmt::format("| `{}` | {} | {} | {} |\n", metric.name, type_name(metric.type), labels, cell(metric.help));
  }
  return page;
}

}  // namespace ebc::app
