// What is known of versions of the Kafka client library.
#pragma once

#include <string>

namespace ebc::topology {

struct ClientRemark {
  bool refused = false;  ///< it must not be used
  std::string text;      ///< in words; empty: nothing to say
};

/// `version`: as rd_kafka_version() gives it, one byte each for major, minor, revision and pre-release.
ClientRemark remark_on_client(int version);

}  // namespace ebc::topology
