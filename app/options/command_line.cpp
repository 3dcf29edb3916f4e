#include "app/options/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace ebc::app {
namespace {

// How many letters must be changed, added or left out to get from one word to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string unknown_flag(std::string_view word, const CommandSpec& command) {
  const auto equals = word.find('=');
  const auto flag = word.substr(0, equals);
  const auto name = flag.substr(std::min(flag.find_first_not_of('-'), flag.size()));
  if (const auto* option = find_option(name); option != nullptr) {
    return fmt::format("{}: {} has no such option", flag, command.name);
  }
  std::string_view nearest;
  std::size_t distance = 4;
  for (const auto& option : option_table()) {
    if ((option.scope & command.scope) == 0 || option.secret) continue;
    if (const auto d = edit_distance(name, option.name); d < distance) {
      distance = d;
      nearest = option.name;
    }
  }
  return nearest.empty() ? fmt::format("{}: no such option; eb-collector {} --help lists them", flag, command.name)
                         : fmt::format("{}: no such option; did you mean --{}?", flag, nearest);
}

// One subcommand of CLI11, its options from the table.
class CommandParser {
 public:
  CommandParser(CLI::App& root, const CommandSpec& command) : command_(command) {
    app_ = root.add_subcommand(std::string(command.name), std::string(command.summary));
    app_->set_help_flag("");
    app_->allow_extras();
    help_ = app_->add_flag("-h,--help");
    for (const auto& option : option_table()) {
      if ((option.scope & command.scope) != 0) add(option);
    }
  }

  bool chosen() const { return app_->parsed(); }

  Invocation result() const {
    Invocation invocation;
    invocation.command = &command_;
    invocation.help = help_->count() > 0;
    for (const auto& [option, parsed] : options_) {
      if (parsed->count() == 0) continue;
      auto& values = invocation.flags[std::string(option->name)];
      values = parsed->results();
    }
    take_words(invocation);
    return invocation;
  }

 private:
  void add(const OptionSpec& option) {
    std::string names = fmt::format("--{}", option.name);
    for (const auto alias : option.flag_aliases) names += fmt::format(",--{}", alias);
    CLI::Option* parsed = nullptr;
    if (option.kind == OptionKind::Switch) {
      parsed = app_->add_flag(names)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else {
      // A plain callback keeps CLI11 from reading "[1,2]" as a list of its own: values stay the bytes that were given.
      parsed = app_->add_option(names, [](const CLI::results_t&) { return true; });
      const bool repeats = option.kind == OptionKind::Pairs || option.kind == OptionKind::List;
      parsed->multi_option_policy(repeats ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
      parsed->type_size(1)->expected(1)->allow_extra_args(false);
    }
    options_.emplace_back(&option, parsed);
  }

  void take_words(Invocation& invocation) const {
    for (auto& word : app_->remaining()) {
      if (word == "--") continue;
      if (word.size() > 1 && word.front() == '-') {
        invocation.faults.push_back(unknown_flag(word, command_));
      } else {
        invocation.positionals.push_back(word);
      }
    }
    if (invocation.help || !invocation.faults.empty()) return;  // words after an unknown flag may be its value
    const auto wanted = command_.positionals.size();
    for (auto i = wanted; i < invocation.positionals.size(); ++i) {
      invocation.faults.push_back(
          fmt::format("\"{}\": {} takes no further word", invocation.positionals[i], command_.name));
    }
    for (auto i = invocation.positionals.size(); i < wanted && !command_.positionals_optional; ++i) {
      invocation.faults.push_back(fmt::format("{}: {} is missing", command_.name, command_.positionals[i]));
    }
  }

  const CommandSpec& command_;
  CLI::App* app_;
  CLI::Option* help_;
  std::vector<std::pair<const OptionSpec*, CLI::Option*>> options_;
};

}  // namespace

std::span<const CommandSpec> command_table() {
  static const std::vector<CommandSpec> table{
      {"run",
       kRun,
       "Run the collector against a Kafka cluster",
       {},
       false,
       "Runs until SIGTERM or SIGINT, then finishes what is at hand, commits and exits within 5 seconds.\n"
       "A second signal ends it at once; nothing is lost by that either."},
      {"dev",
       kDev,
       "Run it with an embedded broker in this process, nothing else installed",
       {},
       false,
       "For trying it out: all is kept in memory and gone at the end, there are no transactions, and there is\n"
       "one process only. The banner shows the lines to type into another terminal."},
      {"create",
       kCreate,
       "Open a group: create [GROUP] --expected a,b [--wait]",
       {"GROUP"},
       true,
       "Without GROUP an id is made and printed."},
      {"done",
       kDone,
       "Settle an entity with a result: done GROUP ENTITY [--result JSON]",
       {"GROUP", "ENTITY"},
       false,
       ""},
      {"fail", kFail, "Settle an entity with an error: fail GROUP ENTITY --error TEXT", {"GROUP", "ENTITY"}, false, ""},
      {"update",
       kUpdate,
       "Change an open group: update GROUP [--add a,b] [--ttl S] [--seal]",
       {"GROUP"},
       false,
       "Entities are added before the group is sealed; a ttl counts from this event on."},
      {"cancel", kCancel, "End an open group: cancel GROUP [--reason TEXT]", {"GROUP"}, false, ""},
      {"watch", kWatch, "Follow the outcomes, one line each", {}, false, "Ends with SIGINT."},
      {"get",
       kGet,
       "Show a group, as a running collector's HTTP tells: get GROUP",
       {"GROUP"},
       false,
       "What an open group waits for, or what became of one resolved lately. Exit code 1 when it is neither."},
      {"ls", kLs, "List the open groups, what is due first comes first", {}, false, ""},
      {"topics",
       kTopics,
       "Create or check the topics",
       {},
       false,
       "Missing topics are made as --create-topics says; exit code 2 when one is missing or wrongly set."},
      {"inspect",
       kInspect,
       "Show what a stopped instance's state folder holds",
       {},
       false,
       "Reads the folder only, needs no Kafka. Exit code 4 when there is none, or it is in use."},
      {"verify",
       kVerify,
       "Compare a stopped instance's state with the changelog",
       {},
       false,
       "Reads the whole changelog of each home in the folder. Exit code 0 when both agree, 1 when they differ. The "
       "remedy\n"
       "is to delete the folder: what the changelog holds is what counts."},
      {"replay-dead-letters",
       kReplay,
       "Send dead letters to the bus again: replay-dead-letters [--reason R] [--execute]",
       {},
       false,
       "Lists what would be sent; --execute sends it: the original keys, values and headers, each once, however\n"
       "often it is called. Messages of handlers (handler-refused) go only where --to says."},
      {"reset",
       kReset,
       "Empty the application: forget all groups and offsets",
       {},
       false,
       "Asks first. Refuses while a collector of the application runs, and waits for --session-timeout until one that\n"
       "was killed is given up. Open groups, records on their way and the group's offsets are deleted; the input "
       "topic,\n"
       "outcomes and dead letters stay. The next start begins where its --from says; state folders of before, "
       "wherever\n"
       "they are, aren't trusted by it."},
  };
  return table;
}

Invocation read_command_line(const std::vector<std::string>& arguments) {
  CLI::App root;
  root.set_help_flag("");
  root.allow_extras();
  root.require_subcommand(0, 1);  // else a group called "run" would be taken for a second command
  const auto* help = root.add_flag("-h,--help");
  const auto* version = root.add_flag("-V,--version");
  std::vector<std::unique_ptr<CommandParser>> commands;
  for (const auto& command : command_table()) commands.push_back(std::make_unique<CommandParser>(root, command));

  Invocation invocation;
  try {
    // CLI11 takes the words from the back.
    root.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    invocation.faults.emplace_back(error.what());
    return invocation;
  }
  invocation.help = help->count() > 0;
  invocation.version = version->count() > 0;
  if (invocation.help || invocation.version) return invocation;
  for (const auto& command : commands) {
    if (command->chosen()) return command->result();
  }
  for (const auto& word : root.remaining()) {
    invocation.faults.push_back(
        word.starts_with('-') ? fmt::format("{}: options come after the command, like eb-collector run {}", word, word)
                              : fmt::format("{}: no such command; eb-collector --help lists them", word));
  }
  if (invocation.faults.empty()) invocation.faults.emplace_back("no command given; eb-collector --help lists them");
  return invocation;
}

}  // namespace ebc::app
