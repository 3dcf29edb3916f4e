// The commands of the load tool. Each prints JSON lines for bench/run and returns the exit code.
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/groups.h"

namespace ebc::bench {

struct ProduceOptions {
  std::string brokers, topic;
  LoadShape shape;
  double rate = 0;              ///< events a second; 0: as fast as it goes
  std::int64_t max_events = 0;  ///< stops there, groups still open; 0: no
};
/// Writes a load, keyed by group as Java's default partitioner would.
int produce(const ProduceOptions& options);

struct DrainOptions {
  std::string brokers, topic, prefix;
  std::int64_t groups = 0;
  int entities = 3;
  bool light = false;  ///< counts while the clock runs, and reads again to check: less in the way of what is measured
  double idle_s = 60;  ///< nothing came for so long: gives up
  double grace_s = 1;  ///< how long doubles are waited for
};
/// Reads outcomes, committed ones only, and checks each. Exit code 1: not exactly one right outcome a group.
int drain(const DrainOptions& options);

struct RelayOptions {
  std::string brokers, input, output;
  bool transactional = true;
  int commit_ms = 100;
};
/// The ceiling: consumes a topic and produces every record again, nothing else.
int relay(const RelayOptions& options);

}  // namespace ebc::bench
