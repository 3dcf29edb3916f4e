// Where a case is played without a broker.
#pragma once

#include "processor/group/options.h"
#include "tests/conformance/case.h"
#include "tests/conformance/judge.h"

namespace ebc::conformance {

inline constexpr int kPartitions = 4;  ///< of the input topic, on every stage

enum class Reading {
  Live,     ///< each record is read when it is written, and the clock follows
  Backlog,  ///< all records lie in the topic before the first is read; the clock stands until the last one was
};

/// The options of a case, over the defaults. Throws for one that isn't known here.
group::CollectorOptions collector_options(const Case& one);

/// The collector over a store in memory: no engine, one home.
Played play_on_core(const Case& one, Reading reading);
/// The TopologyTestDriver: worker, routing, commits, takes and clock are those of production.
Played play_on_driver(const Case& one, Reading reading);

}  // namespace ebc::conformance
