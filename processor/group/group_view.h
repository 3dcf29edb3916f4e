// A group as the committed rows show it to somebody who only looks: no cache, no decisions, no writes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/key_value_store.h"
#include "processor/group/group.h"
#include "processor/group/row_codec.h"

namespace ebc::group {

/// The committed rows of one home. Any thread.
class RowReader {
 public:
  virtual ~RowReader() = default;
  /// As the functions of these names of KeyValueStore. A scan sees the rows as they were when it began.
  virtual Result<bool> get(std::string_view key, std::string& value) const = 0;
  virtual Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const = 0;
};

/// What is shown of a group at most; everything is counted whole.
struct ViewLimits {
  std::size_t ids = 1'000;                   ///< ids listed, in each list
  std::size_t bytes = std::size_t{4} << 20;  ///< of results and errors
  std::size_t rows = std::size_t{1} << 20;   ///< entities looked at
};

struct GroupView {
  enum class Kind : std::uint8_t { Unknown, Waiting, Open, Resolved };
  Kind kind = Kind::Unknown;
  Waiting waiting;            ///< when Waiting: events that came before the Create
  Marker marker;              ///< when Resolved
  Group group;                ///< when Open, with its envelope, however it lies in the store; its entities lie below
  std::vector<Entity> shown;  ///< awaited ones first, each part in the order of the ids' bytes
  bool complete = true;       ///< all entities are shown
};

/// Status: as the reader gave it, or TaskCorrupted for a row that can't be read.
Result<GroupView> read_group(const RowReader& rows, std::string_view id, const ViewLimits& limits = {});

/// Just the head and the envelope: all but the entities of a spread group.
Result<GroupView> read_head(const RowReader& rows, std::string_view id);

/// Whether `labels` (JSON of an object of strings; empty: none) holds this pair.
bool has_label(Json labels, std::string_view name, std::string_view value);

/// One open group in full, as JSON. `home` and `as_of` (the home's clock) say whose word this is. Replaces `out`.
void encode_view(std::string_view id, const GroupView& view, Partition home, Timestamp as_of, std::string& out);

/// The same in short, for lists. Replaces `out`.
void encode_summary(std::string_view id, const GroupView& view, Partition home, std::string& out);

/// A policy as a Create spells it: "any", {"quorum":3}.
void append_policy(const Policy& policy, std::string& out);

}  // namespace ebc::group
