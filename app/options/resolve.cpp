#include "app/options/resolve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/options/values.h"

namespace ebc::app {
namespace {

std::string join_choices(const OptionSpec& option) { return fmt::format("{}", fmt::join(option.choices, ", ")); }

std::string describe_bound(const OptionSpec& option, std::int64_t value) {
  if (option.kind == OptionKind::DurationMs) return format_duration(Duration{value});
  return fmt::format("{}", value);
}

std::string check_range(const OptionSpec& option, std::int64_t value) {
  if (value >= option.min && value <= option.max) return {};
  return fmt::format("must be between {} and {}", describe_bound(option, option.min),
                     describe_bound(option, option.max));
}

template <typename T>
std::string message_of(const Result<T>& result) {
  return result.ok() ? std::string{} : result.status().message();
}

// What the environment says of one option; its own name beats the aliases.
std::optional<OptionValue> from_environment(const OptionSpec& option, const Environment& environment) {
  std::vector<std::string> names{environment_name(option.name)};
  names.insert(names.end(), option.env_aliases.begin(), option.env_aliases.end());
  for (const auto& name : names) {
    // An empty variable counts as not set: it is what an unset one becomes in compose files.
    if (const auto found = environment.find(name); found != environment.end() && !found->second.empty()) {
      return OptionValue{found->second, name};
    }
  }
  return std::nullopt;
}

// The setting that a variable like EB_COLLECTOR_KAFKA_SASL_PASSWORD stands for: sasl.password.
std::string kafka_key_of(std::string_view variable) {
  std::string key;
  for (const char c : variable.substr(kKafkaEnvironmentPrefix.size())) {
    key += c == '_' ? '.' : (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return key;
}

// Pairs add up over all sources, weakest first, so that a later reader lets the stronger one win a key.
std::vector<OptionValue> kafka_pairs(const GivenFlags& flags, const Environment& environment,
                                     std::vector<OptionValue> from_file) {
  auto pairs = std::move(from_file);
  if (const auto all = environment.find("EB_COLLECTOR_KAFKA"); all != environment.end()) {
    std::string_view rest = all->second;
    while (!rest.empty()) {
      const auto end = rest.find('\n');
      if (const auto line = trim(rest.substr(0, end)); !line.empty()) pairs.push_back({std::string(line), all->first});
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  const auto secrets_file = environment_name("kafka-secrets-file");
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kKafkaEnvironmentPrefix) || name == secrets_file || value.empty()) continue;
    pairs.push_back({kafka_key_of(name) + "=" + value, name});
  }
  if (const auto given = flags.find("kafka"); given != flags.end()) {
    for (const auto& pair : given->second) pairs.push_back({pair, "--kafka"});
  }
  return pairs;
}

}  // namespace

void ResolvedOptions::set(std::string_view name, std::vector<OptionValue> values) {
  values_.insert_or_assign(std::string(name), std::move(values));
}

const std::vector<OptionValue>& ResolvedOptions::all(std::string_view name) const {
  static const std::vector<OptionValue> kNone;
  const auto found = values_.find(name);
  return found == values_.end() ? kNone : found->second;
}

bool ResolvedOptions::has(std::string_view name) const { return values_.contains(name); }

bool ResolvedOptions::given(std::string_view name) const { return !all(name).empty(); }

std::string ResolvedOptions::text(std::string_view name) const {
  if (given(name)) return all(name).back().text;
  const auto* option = find_option(name);
  return option == nullptr ? std::string{} : std::string(option->default_text);
}

std::string ResolvedOptions::where(std::string_view name) const {
  return given(name) ? all(name).back().where : fmt::format("--{}", name);
}

std::vector<std::string> ResolvedOptions::list(std::string_view name) const {
  if (!given(name)) return split_list(text(name));
  std::vector<std::string> parts;
  for (const auto& value : all(name)) {
    for (auto& part : split_list(value.text)) parts.push_back(std::move(part));
  }
  return parts;
}

std::int64_t ResolvedOptions::integer(std::string_view name) const {
  const auto value = parse_integer(text(name));
  return value.ok() ? value.value() : 0;
}

std::int64_t ResolvedOptions::bytes(std::string_view name) const {
  const auto value = parse_bytes(text(name));
  return value.ok() ? value.value() : 0;
}

Duration ResolvedOptions::duration(std::string_view name) const {
  const auto value = parse_duration(text(name));
  return value.ok() ? value.value() : Duration{0};
}

bool ResolvedOptions::on(std::string_view name) const {
  if (!given(name)) return false;
  const auto value = parse_switch(text(name));
  return value.ok() && value.value();
}

std::string check_value(const OptionSpec& option, std::string_view text) {
  switch (option.kind) {
    case OptionKind::Text:
    case OptionKind::List:
      return {};
    case OptionKind::Pairs:
      // The text itself isn't shown: it may be a secret.
      return text.find('=') == std::string_view::npos || text.starts_with('=') ? "not of the form KEY=VALUE" : "";
    case OptionKind::Choice:
      if (std::ranges::count(option.choices, text) > 0) return {};
      return fmt::format("\"{}\" is unknown; choose one of {}", text, join_choices(option));
    case OptionKind::Integer: {
      const auto value = parse_integer(text);
      return value.ok() ? check_range(option, value.value()) : message_of(value);
    }
    case OptionKind::DurationMs: {
      const auto value = parse_duration(text);
      return value.ok() ? check_range(option, value.value().count()) : message_of(value);
    }
    case OptionKind::Bytes: {
      const auto value = parse_bytes(text);
      return value.ok() ? check_range(option, value.value()) : message_of(value);
    }
    case OptionKind::Time:
      if (std::ranges::count(option.choices, text) > 0 || parse_time(text).ok()) return {};
      return fmt::format("\"{}\" is none of {}, nor a time like 2026-07-17T23:38:21Z", text, join_choices(option));
    case OptionKind::Switch:
      return message_of(parse_switch(text));
  }
  return {};
}

std::string secret_refused(const OptionSpec& option, std::string_view where) {
  return fmt::format("{}: a secret is not taken from there; set {} or --{}", where, environment_name(option.name),
                     option.instead);
}

ResolvedOptions resolve_options(Scope scope, const GivenFlags& flags, const Environment& environment, Faults& faults) {
  std::map<std::string, std::vector<OptionValue>> file;
  if (const auto given = flags.find("config"); given != flags.end() && !given->second.empty()) {
    file = read_config_file(given->second.back(), faults);
  } else if (const auto named = from_environment(*find_option("config"), environment)) {
    file = read_config_file(named->text, faults);
  }

  ResolvedOptions resolved;
  for (const auto& option : option_table()) {
    if ((option.scope & scope) == 0) continue;
    const std::string name(option.name);
    const auto given = flags.find(name);
    std::vector<OptionValue> values;
    if (option.secret) {
      if (given != flags.end()) faults.push_back(secret_refused(option, "--" + name));
      if (auto value = from_environment(option, environment)) values.push_back(std::move(*value));
    } else if (option.kind == OptionKind::Pairs) {
      values = kafka_pairs(flags, environment, file[name]);
    } else if (given != flags.end()) {
      for (const auto& text : given->second) values.push_back({text, "--" + name});
    } else if (auto value = option.per_call ? std::nullopt : from_environment(option, environment)) {
      values.push_back(std::move(*value));
    } else if (const auto in_file = file.find(name); in_file != file.end() && !option.per_call) {
      values = in_file->second;
    }
    for (const auto& value : values) {
      if (auto fault = check_value(option, value.text); !fault.empty()) {
        faults.push_back(fmt::format("{}: {}", value.where, fault));
      }
    }
    resolved.set(name, std::move(values));
  }
  return resolved;
}

}  // namespace ebc::app
