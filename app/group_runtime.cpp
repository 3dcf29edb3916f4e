#include "app/group_runtime.h"

#include "app/http/group_metrics.h"
#include "processor/group/collector.h"

namespace ebc::app {

class GroupRuntime::Impl {
 public:
  explicit Impl(const group::CollectorOptions& options) : options_(options) {}

  const group::CollectorOptions options_;
  const std::shared_ptr<group::StatsRegistry> stats_ = std::make_shared<group::StatsRegistry>();
};

GroupRuntime::GroupRuntime(const group::CollectorOptions& options) : impl_(std::make_unique<Impl>(options)) {}
GroupRuntime::~GroupRuntime() = default;

SupplierFactory GroupRuntime::supplier_factory() const {
  return group::make_supplier_factory(impl_->options_, impl_->stats_);
}

std::vector<std::shared_ptr<const prometheus::Collectable>> GroupRuntime::metrics() const {
  return {std::make_shared<GroupMetrics>(impl_->stats_)};
}

}  // namespace ebc::app
