#include "app/options/kafka_passthrough.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "app/options/values.h"

namespace ebc::app {
namespace {

using topology::KafkaSetting;

// The collector sets these itself: with other values it could lose, double or never see a group.
constexpr std::array<std::string_view, 16> kRefused{"acks",
                                                    "request.required.acks",
                                                    "enable.idempotence",
                                                    "isolation.level",
                                                    "transactional.id",
                                                    "auto.offset.reset",
                                                    "group.id",
                                                    "group.instance.id",
                                                    "group.protocol",
                                                    "partition.assignment.strategy",
                                                    "enable.auto.commit",
                                                    "enable.auto.offset.store",
                                                    "auto.commit.enable",
                                                    "enable.gapless.guarantee",
                                                    "test.mock.num.brokers",
                                                    "plugin.library.paths"};

// These have an option of their own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kOwnOption{
    {{"bootstrap.servers", "brokers"},
     {"metadata.broker.list", "brokers"},
     {"session.timeout.ms", "session-timeout"},
     {"transaction.timeout.ms", "transaction-timeout"}}};

KafkaSetting split_scope(std::string_view key, std::string_view value) {
  for (const std::string_view scope : {"consumer", "producer", "admin"}) {
    if (key.starts_with(scope) && key.size() > scope.size() && key[scope.size()] == '.') {
      return {std::string(scope), std::string(key.substr(scope.size() + 1)), std::string(value)};
    }
  }
  return {"", std::string(key), std::string(value)};
}

std::string variable_of(std::string_view key) {
  std::string dashed(key);
  std::replace(dashed.begin(), dashed.end(), '.', '_');
  return environment_name("kafka-" + dashed);
}

void check_setting(const KafkaSetting& setting, const std::string& where, Faults& faults) {
  if (std::ranges::count(kRefused, setting.name) > 0) {
    faults.push_back(
        fmt::format("{}: {} is set by the collector, its guarantee stands on it; leave it out", where, setting.name));
  }
  for (const auto& [name, option] : kOwnOption) {
    if (setting.name == name)
      faults.push_back(fmt::format("{}: {} has an option of its own; use --{}", where, name, option));
  }
}

// A later setting of the same scope and key takes the place of the earlier one.
void put(std::vector<GivenKafkaSetting>& settings, GivenKafkaSetting given) {
  for (auto& known : settings) {
    if (known.setting.scope == given.setting.scope && known.setting.name == given.setting.name) {
      known = std::move(given);
      return;
    }
  }
  settings.push_back(std::move(given));
}

void read_secrets_file(const std::string& path, const std::string& where, std::vector<GivenKafkaSetting>& settings,
                       Faults& faults) {
  std::ifstream in(path);
  if (!in) return faults.push_back(fmt::format("{}: can't read {}", where, path));
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const auto text = trim(line);
    if (text.empty() || text.front() == '#') continue;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      // The line itself is not shown: it may be a secret.
      faults.push_back(fmt::format("{} line {}: not of the form KEY=VALUE", path, number));
      continue;
    }
    auto setting = split_scope(trim(text.substr(0, equals)), trim(text.substr(equals + 1)));
    auto line_of = fmt::format("{} line {}", path, number);
    check_setting(setting, line_of, faults);
    put(settings, {.setting = std::move(setting), .where = std::move(line_of), .secret = true});
  }
}

bool from_environment(const OptionValue& pair) { return pair.where.starts_with("EB_COLLECTOR_KAFKA"); }

// "https://user:password@host": an address that brings its own.
bool holds_credentials(std::string_view value) {
  const auto scheme = value.find("://");
  return scheme != std::string_view::npos && value.find('@', scheme) != std::string_view::npos;
}

}  // namespace

bool is_kafka_secret(std::string_view key) {
  const auto setting = split_scope(key, "");
  const std::string_view name = setting.name;
  // Private keys given inline count; paths to files with them don't.
  return name.find("password") != std::string_view::npos || name.find("secret") != std::string_view::npos ||
         name == "ssl.key.pem" || name == "sasl.oauthbearer.config";
}

std::vector<GivenKafkaSetting> given_kafka_settings(const ResolvedOptions& options, Faults& faults) {
  std::vector<GivenKafkaSetting> settings;
  const auto& pairs = options.all("kafka");
  const auto add = [&](const OptionValue& pair) {
    const std::string_view text = pair.text;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return;  // already named by the check of the option
    const auto key = trim(text.substr(0, equals));
    const bool secret = is_kafka_secret(key);
    if (secret && !from_environment(pair)) {
      return faults.push_back(
          fmt::format("{}: {} is a secret and is not taken from there; set {} or --kafka-secrets-file", pair.where, key,
                      variable_of(key)));
    }
    auto setting = split_scope(key, trim(text.substr(equals + 1)));
    check_setting(setting, pair.where, faults);
    const bool hidden = secret || holds_credentials(setting.value);
    put(settings, {.setting = std::move(setting), .where = pair.where, .secret = hidden});
  };
  // Pairs come weakest first: file, environment, flags. The secrets file stands between file and environment.
  const auto stronger = std::ranges::find_if(
      pairs, [](const OptionValue& pair) { return from_environment(pair) || pair.where.starts_with("--"); });
  std::for_each(pairs.begin(), stronger, add);
  if (const auto path = options.text("kafka-secrets-file"); !path.empty()) {
    read_secrets_file(path, options.where("kafka-secrets-file"), settings, faults);
  }
  std::for_each(stronger, pairs.end(), add);
  return settings;
}

std::vector<KafkaSetting> kafka_settings(const std::vector<GivenKafkaSetting>& all) {
  std::vector<KafkaSetting> settings;
  for (const auto& given : all) settings.push_back(given.setting);
  return settings;
}

}  // namespace ebc::app
