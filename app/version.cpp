#include "app/version.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/version.hpp>

#include "state/rocks_database.h"
#include "topology/engine.h"

namespace ebc::app {

std::string version_text() {
  return fmt::format(
      "eb-collector {}\n{}\n{}\nsimdjson {}.{}.{}\nBoost {}.{}.{}\nfmt {}.{}.{}\n", EBC_VERSION,
      topology::kafka_client_version(), state::rocksdb_version(), static_cast<int>(simdjson::SIMDJSON_VERSION_MAJOR),
      static_cast<int>(simdjson::SIMDJSON_VERSION_MINOR), static_cast<int>(simdjson::SIMDJSON_VERSION_REVISION),
      BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1'000, BOOST_VERSION % 100, FMT_VERSION / 10'000,
      FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

}  // namespace ebc::app
