// The only user of toml++.
#include <fmt/format.h>

#define TOML_HEADER_ONLY 0
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "app/options/resolve.h"

namespace ebc::app {
namespace {

using FileValues = std::map<std::string, std::vector<OptionValue>>;

std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* time = node.as_date_time()) {
    std::ostringstream out;
    out << time->get();
    return out.str();
  }
  return std::nullopt;
}

// [kafka] sasl.mechanism = "PLAIN" is a table in a table; librdkafka's name is the path with dots.
void add_pairs(const toml::table& table, const std::string& prefix, const std::string& where, FileValues& values,
               Faults& faults) {
  for (const auto& [key, node] : table) {
    const std::string path = prefix + std::string(key.str());
    if (const auto* inner = node.as_table()) {
      add_pairs(*inner, path + ".", where, values, faults);
    } else if (const auto text = scalar_text(node)) {
      values["kafka"].push_back({path + "=" + *text, fmt::format("kafka.{} in {}", path, where)});
    } else {
      faults.push_back(fmt::format("kafka.{} in {}: must be a text, a number or true or false", path, where));
    }
  }
}

void add_value(const OptionSpec& option, const toml::node& node, const std::string& where, FileValues& values,
               Faults& faults) {
  const std::string name(option.name);
  if (const auto* array = node.as_array(); array != nullptr && option.kind == OptionKind::List) {
    for (const auto& element : *array) {
      const auto text = scalar_text(element);
      if (!text) return faults.push_back(fmt::format("{}: must be a list of texts", where));
      values[name].push_back({*text, where});
    }
    return;
  }
  const auto text = scalar_text(node);
  if (!text) return faults.push_back(fmt::format("{}: must be a single value", where));
  values[name].push_back({*text, where});
}

}  // namespace

FileValues read_config_file(const std::string& path, Faults& faults) {
  FileValues values;
  toml::table table;
  try {
    table = toml::parse_file(path);
  } catch (const toml::parse_error& error) {
    const auto line = error.source().begin.line;
    faults.push_back(line == 0 ? fmt::format("--config {}: {}", path, error.description())
                               : fmt::format("--config {} line {}: {}", path, line, error.description()));
    return values;
  }
  for (const auto& [key, node] : table) {
    std::string name(key.str());
    std::replace(name.begin(), name.end(), '_', '-');
    const auto where = fmt::format("{} in {}", key.str(), path);
    const auto* option = find_option(name);
    if (option == nullptr || option->per_call || option->name == "config") {
      faults.push_back(fmt::format("{}: no such option; eb-collector run --help lists them", where));
    } else if (option->secret) {
      faults.push_back(secret_refused(*option, where));
    } else if (option->kind == OptionKind::Pairs) {
      if (const auto* pairs = node.as_table()) {
        add_pairs(*pairs, "", path, values, faults);
      } else {
        faults.push_back(fmt::format("{}: must be a table, like [kafka] with compression.type = \"lz4\"", where));
      }
    } else {
      add_value(*option, node, where, values, faults);
    }
  }
  return values;
}

}  // namespace ebc::app
