// The event group collector: the processor that the engine runs, and its entry points for app/.
//
//   auto registry = std::make_shared<StatsRegistry>();
//   engine.run(make_supplier_factory(options, registry));     // one supplier a stream thread, one processor a home
//   ... registry->sum()                                       // any thread, at any time
#pragma once

#include <memory>

#include "processor/api/processor.h"
#include "processor/group/deadline_floor.h"
#include "processor/group/options.h"
#include "processor/group/recent_outcomes.h"
#include "processor/group/stats.h"

namespace ebc::group {

/// `options` are copied; the others are shared by all suppliers made. Without `recent` outcomes aren't remembered;
/// `floors` are for readers that list what is due first.
SupplierFactory make_supplier_factory(CollectorOptions options, std::shared_ptr<StatsRegistry> registry,
                                      std::shared_ptr<RecentOutcomes> recent = nullptr,
                                      std::shared_ptr<DeadlineFloors> floors = nullptr);

/// All faults of the options, one sentence each; empty: none.
std::vector<std::string> validate(const CollectorOptions& options);

}  // namespace ebc::group
