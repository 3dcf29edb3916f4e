// The commands of the program and the reading of its command line.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/resolve.h"

namespace ebc::app {

/// A command, as --help shows it.
struct CommandSpec {
  std::string_view name;
  Scope scope;
  std::string_view summary;  ///< one line in the list of commands
  std::vector<std::string_view> positionals;
  bool positionals_optional = false;
  std::string_view details;  ///< what its own --help says beyond the options
};

std::span<const CommandSpec> command_table();

/// What the user asked for. `command` is null for --help, --version and when there are faults.
struct Invocation {
  const CommandSpec* command = nullptr;
  bool help = false;
  bool version = false;
  GivenFlags flags;
  std::vector<std::string> positionals;
  Faults faults;
};

/// `arguments` without the program's name. Unknown flags, missing values and surplus words are all named.
Invocation read_command_line(const std::vector<std::string>& arguments);

/// The page of --help: of the program, or of one command.
std::string render_help(const CommandSpec* command);

}  // namespace ebc::app
