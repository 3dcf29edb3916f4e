// The pages of --help, made from the tables.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/options/command_line.h"

namespace ebc::app {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kIndent = 6;

// Words of `text` in lines of at most kWidth, each indented.
std::string wrap(std::string_view text) {
  std::string out, line;
  const auto flush = [&] {
    out += fmt::format("{:{}}{}\n", "", kIndent, line);
    line.clear();
  };
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    if (!line.empty() && kIndent + line.size() + 1 + word.size() > kWidth) flush();
    if (!line.empty()) line += ' ';
    line += word;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (!line.empty()) flush();
  return out;
}

std::string describe(const OptionSpec& option) {
  std::string head = "  ";
  head += option.secret ? environment_name(option.name) : fmt::format("--{}", option.name);
  for (const auto alias : option.flag_aliases) head += fmt::format(", --{}", alias);
  if (!option.choices.empty() && option.kind == OptionKind::Choice) {
    head += fmt::format(" {}", fmt::join(option.choices, "|"));
  } else if (!option.value_name.empty()) {
    head += fmt::format(" {}", option.value_name);
  }
  std::string text(option.help);
  if (option.secret) {
    text += fmt::format(" (only from this variable, or --{})", option.instead);
  } else if (!option.default_text.empty()) {
    text += fmt::format(" [{}]", option.default_text);
  }
  return head + "\n" + wrap(text);
}

std::string program_page() {
  std::string page =
      "eb-collector is Promise.all on a Kafka event bus: it waits for all the events of a group, then sends one "
      "outcome.\n"
      "\nUsage: eb-collector COMMAND [OPTIONS]\n\nCommands:\n";
  for (const auto& command : command_table()) page += fmt::format("  {:<21}{}\n", command.name, command.summary);
  page +=
      "\n  COMMAND --help shows its options and their defaults; --version the versions of all parts.\n"
      "\nExample, in two terminals:\n"
      "  eb-collector dev\n"
      "  eb-collector create order-1 --expected payment,stock --wait &\n"
      "  eb-collector done order-1 payment --result '{\"paid\":true}'\n"
      "  eb-collector done order-1 stock\n"
      "\nEvery option is a flag (--max-ttl 1d), a variable (EB_COLLECTOR_MAX_TTL=1d) and a key of --config FILE\n"
      "(max-ttl = \"1d\"); a flag beats a variable beats the file. Durations: 100ms, 30s, 10min, 2h, 30d.\n"
      "\nExit codes:\n"
      "  0  done\n"
      "  1  the thing asked for failed\n"
      "  2  wrong use or configuration (topics and taken ports too)\n"
      "  3  Kafka not reached within --start-timeout, or it refuses us\n"
      "  4  the local state can't be used\n";
  return page;
}

}  // namespace

std::string render_help(const CommandSpec* command) {
  if (command == nullptr) return program_page();
  std::string usage = fmt::format("Usage: eb-collector {}", command->name);
  for (const auto word : command->positionals) {
    usage += command->positionals_optional ? fmt::format(" [{}]", word) : fmt::format(" {}", word);
  }
  std::string page = fmt::format("{}\n\n{} [OPTIONS]\n", command->summary, usage);
  if (!command->details.empty()) page += fmt::format("\n{}\n", command->details);
  std::string_view section;
  for (const auto& option : option_table()) {
    if ((option.scope & command->scope) == 0) continue;
    if (option.section != section) page += fmt::format("\n{}:\n", section = option.section);
    page += describe(option);
  }
  page +=
      "\nThe default stands in brackets. Options other than those of this command alone are also variables\n"
      "(EB_COLLECTOR_ + name in capitals, _ for -) and keys of the --config file.\n";
  return page;
}

}  // namespace ebc::app
