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

/// From this version on a consumer fetches again fetch.queue.backoff.ms after its queue was full, a second unless it is
/// set. Before, only when something wakes the broker's thread, or after a second.
inline constexpr int kHasQueueBackoff = 0x02020000;

}  // namespace ebc::topology
