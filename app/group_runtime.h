// The seam between the program and the domain: the options of event groups in, processors and metrics out.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "processor/api/processor.h"
#include "processor/group/deadline_floor.h"
#include "processor/group/options.h"
#include "processor/group/recent_outcomes.h"
#include "processor/group/stats.h"

namespace ebc::app {

/// Outlives the engine that runs its suppliers.
class GroupRuntime {
 public:
  /// `recent_bytes`: of memory for the outcomes of the last while; 0: none are remembered.
  GroupRuntime(const group::CollectorOptions& options, std::size_t recent_bytes);
  ~GroupRuntime();

  SupplierFactory supplier_factory() const;
  /// What became of groups lately. Any thread.
  group::RecentOutcomes& recent();
  /// Where the deadlines of the homes held here begin. Any thread.
  const group::DeadlineFloors& floors() const;
  std::shared_ptr<const group::StatsRegistry> stats() const;
  /// What the processors count, read at scrape time. Any thread.
  std::vector<std::shared_ptr<const prometheus::Collectable>> metrics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
