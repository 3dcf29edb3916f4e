// Which settings of librdkafka a user may pass through, and from where. (Knows the names only, not the library.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/options/resolve.h"
#include "topology/engine_config.h"

namespace ebc::app {

/// True for settings whose value must not be seen: passwords, secrets, private keys.
bool is_kafka_secret(std::string_view key);

struct GivenKafkaSetting {
  topology::KafkaSetting setting;
  std::string where;  ///< as in OptionValue, or "FILE line N" of the secrets file
  /// Not to be shown: by its name, as anything in the secrets file, or an address with credentials.
  bool secret = false;
};

/// The settings of --kafka, its variables, its table in the TOML file and of the secrets file, one for each scope and
/// key. Settings that the guarantee stands on, secrets on the command line or in the TOML file, and lines that can't be
/// read become faults. A flag beats a variable beats the secrets file beats the TOML file. Reads the secrets file,
/// which may be a pipe: once.
std::vector<GivenKafkaSetting> given_kafka_settings(const ResolvedOptions& options, Faults& faults);
/// The same without where they came from.
std::vector<topology::KafkaSetting> kafka_settings(const std::vector<GivenKafkaSetting>& all);

}  // namespace ebc::app
