// The seam between the program and the domain: the options of event groups in, processors and metrics out.
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <vector>

#include "processor/api/processor.h"
#include "processor/group/options.h"

namespace ebc::app {

/// Outlives the engine that runs its suppliers.
class GroupRuntime {
 public:
  explicit GroupRuntime(const group::CollectorOptions& options);
  ~GroupRuntime();

  SupplierFactory supplier_factory() const;
  /// What the processors count, read at scrape time. Any thread.
  std::vector<std::shared_ptr<const prometheus::Collectable>> metrics() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ebc::app
