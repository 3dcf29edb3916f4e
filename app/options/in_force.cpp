#include "app/options/in_force.h"

#include <fmt/format.h>

#include <algorithm>

namespace ebc::app {
namespace {

constexpr std::string_view kDefault = "default";

OptionInForce in_force(const OptionSpec& option, const ResolvedOptions& options,
                       const std::map<std::string_view, std::string>& derived) {
  const bool given = options.given(option.name);
  OptionInForce shown{.name = std::string(option.name),
                      .value = std::nullopt,
                      .source = given ? options.where(option.name) : std::string(kDefault)};
  if (option.secret) {
    shown.hidden = given;
  } else if (given && option.kind == OptionKind::List) {
    shown.value = fmt::format("{}", fmt::join(options.list(option.name), ","));
  } else if (option.kind == OptionKind::Switch) {
    shown.value = options.on(option.name) ? "true" : "false";
  } else if (const auto text = options.text(option.name); !text.empty()) {
    shown.value = text;
  } else if (const auto found = derived.find(option.name); found != derived.end()) {
    shown.value = found->second;
  }
  return shown;
}

}  // namespace

OptionsInForce options_in_force(const ResolvedOptions& options, const std::vector<GivenKafkaSetting>& kafka,
                                const std::map<std::string_view, std::string>& derived) {
  OptionsInForce all;
  for (const OptionSpec& option : option_table()) {
    // What is passed through has a list of its own.
    if (!options.has(option.name) || option.kind == OptionKind::Pairs) continue;
    all.options.push_back(in_force(option, options, derived));
  }
  for (const auto& given : kafka) {
    const auto& [scope, name, value] = given.setting;
    all.kafka.push_back({.name = scope.empty() ? name : fmt::format("{}.{}", scope, name),
                         .value = given.secret ? std::nullopt : std::optional(value),
                         .source = given.where,
                         .hidden = given.secret});
  }
  std::ranges::sort(all.kafka, {}, &OptionInForce::name);
  return all;
}

}  // namespace ebc::app
