#include "app/group_runtime.h"

#include "app/http/group_metrics.h"
#include "processor/group/collector.h"

namespace ebc::app {

class GroupRuntime::Impl {
 public:
  Impl(const group::CollectorOptions& options, std::size_t recent_bytes)
      : options_(options), recent_(std::make_shared<group::RecentOutcomes>(recent_bytes)) {}

  const group::CollectorOptions options_;
  const std::shared_ptr<group::RecentOutcomes> recent_;
  const std::shared_ptr<group::DeadlineFloors> floors_ = std::make_shared<group::DeadlineFloors>();
  const std::shared_ptr<group::StatsRegistry> stats_ = std::make_shared<group::StatsRegistry>();
};

GroupRuntime::GroupRuntime(const group::CollectorOptions& options, std::size_t recent_bytes)
    : impl_(std::make_unique<Impl>(options, recent_bytes)) {}
GroupRuntime::~GroupRuntime() = default;

SupplierFactory GroupRuntime::supplier_factory() const {
  return group::make_supplier_factory(impl_->options_, impl_->stats_, impl_->recent_, impl_->floors_);
}

group::RecentOutcomes& GroupRuntime::recent() { return *impl_->recent_; }
const group::DeadlineFloors& GroupRuntime::floors() const { return *impl_->floors_; }
std::shared_ptr<const group::StatsRegistry> GroupRuntime::stats() const { return impl_->stats_; }

std::vector<std::shared_ptr<const prometheus::Collectable>> GroupRuntime::metrics() const {
  return {std::make_shared<GroupMetrics>(impl_->stats_)};
}

}  // namespace ebc::app
