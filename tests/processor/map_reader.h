// Rows in a map, as a reader outside of the processor sees them.
#pragma once

#include <map>
#include <string>

#include "processor/group/group_view.h"

namespace ebc::group {

/// The map outlives the reader.
class MapReader final : public RowReader {
 public:
  explicit MapReader(const std::map<std::string, std::string>& rows) : rows_(rows) {}
  Result<bool> get(std::string_view key, std::string& value) const override {
    const auto found = rows_.find(std::string(key));
    if (found == rows_.end()) return false;
    value = found->second;
    return true;
  }
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
    for (auto row = rows_.lower_bound(std::string(from)); row != rows_.end(); ++row) {
      if (!until.empty() && row->first >= until) break;
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }

 private:
  const std::map<std::string, std::string>& rows_;
};

}  // namespace ebc::group
