// From flags, environment and TOML file to one value for each option. Flag beats environment beats file beats default.
// Nothing here reads the process's own environment or exits: all comes in, and all faults go out at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/options/option_table.h"
#include "processor/api/types.h"

namespace ebc::app {

using Environment = std::map<std::string, std::string>;
/// Option name (no alias) -> the values given, in order.
using GivenFlags = std::map<std::string, std::vector<std::string>>;
/// Sentences, each naming the option by the way it was given, and the remedy.
using Faults = std::vector<std::string>;

/// A value and the place it came from, for messages: "--topic", "EB_COLLECTOR_TOPIC" or "topic in FILE".
struct OptionValue {
  std::string text;
  std::string where;
};

/// The values of one command's options. The typed readers give the option's kind back and are only for options whose
/// text was checked (resolve_options does): on a text that can't be read they give the kind's zero.
class ResolvedOptions {
 public:
  void set(std::string_view name, std::vector<OptionValue> values);

  bool has(std::string_view name) const;    ///< it is an option of the command
  bool given(std::string_view name) const;  ///< by anything but the default
  /// The last value, or the default; empty when there is neither.
  std::string text(std::string_view name) const;
  std::string where(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;
  const std::vector<OptionValue>& all(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::int64_t bytes(std::string_view name) const;
  Duration duration(std::string_view name) const;
  bool on(std::string_view name) const;

 private:
  std::map<std::string, std::vector<OptionValue>, std::less<>> values_;
};

/// The keys of a TOML file as option values; wrong syntax, unknown keys and secrets become faults.
std::map<std::string, std::vector<OptionValue>> read_config_file(const std::string& path, Faults& faults);

/// Values of the options in `scope`, each checked against its kind and range.
ResolvedOptions resolve_options(Scope scope, const GivenFlags& flags, const Environment& environment, Faults& faults);

/// "--max-ttl must be between 1ms and 30d": empty when the text suits the option.
std::string check_value(const OptionSpec& option, std::string_view text);

/// The fault of a secret given as a flag or in a file.
std::string secret_refused(const OptionSpec& option, std::string_view where);

}  // namespace ebc::app
