// Committed state in memory: for tests, the test driver and the simulation, never for production.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "state/committed_store.h"

namespace ebc::state {

/// The object stands for what is on disk: whoever uses it may "crash" and come back to it.
/// Writes by one thread at a time; reads from any thread. A scan holds no lock while it calls its visitor.
class MemoryStore final : public CommittedStore {
 public:
  Result<bool> get(std::string_view key, std::string& value) const override;
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override;
  Status apply(std::span<const Write> writes, Offset changelog_offset_next) override;
  Result<std::optional<Offset>> changelog_offset_next() const override;
  Status clear() override;

  /// The next apply() changes nothing and returns `error`; those after it work again.
  void fail_next_apply(Status error);

 private:
  using Rows = std::map<std::string, std::string, std::less<>>;

  /// The rows, alone or as a copy of those that a running scan still looks at. Under mutex_.
  Rows& rows_to_change();

  mutable std::mutex mutex_;
  // Below: under mutex_. Rows that a scan shares are never changed, but replaced.
  mutable std::shared_ptr<Rows> rows_ = std::make_shared<Rows>();
  std::optional<Offset> changelog_offset_next_;
  Status next_apply_;
};

}  // namespace ebc::state
