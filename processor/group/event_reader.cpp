#include "processor/group/event_reader.h"

namespace ebc::group {

Route EventReader::route(const Record& record) {
  kind_ = parse(record, true);
  routed_ = record.value.has_value();
  if (routed_) {
    value_ = record.value->data();
    size_ = record.value->size();
    partition_ = record.partition;
    offset_ = record.offset;
  }
  const std::string_view group = parser_.event().group;
  switch (kind_) {
    case Kind::Skip:
      return {};
    case Kind::Command:
      return {Route::Kind::Keyed, group};
    case Kind::Invalid:
      break;
  }
  // An invalid Create of a group that can be named fails it, which only its home can do.
  if (parser_.reason() == Reason::InvalidCreate && !group.empty()) return {Route::Kind::Keyed, group};
  return {Route::Kind::Unkeyed, {}};
}

EventReader::Kind EventReader::read(const Record& record) {
  const bool same = routed_ && record.value && record.value->data() == value_ && record.value->size() == size_ &&
                    record.partition == partition_ && record.offset == offset_;
  // Only once: the memory may hold another record next time.
  routed_ = false;
  if (!same) kind_ = parse(record, false);
  return kind_;
}

EventReader::Kind EventReader::parse(const Record& record, bool counted) {
  const auto skip = [&](Counter counter) {
    if (counted) stats_.count(counter);
    return Kind::Skip;
  };
  if (!record.value) return skip(Counter::Skipped);
  switch (parser_.parse(*record.value)) {
    case Finding::Command:
      return Kind::Command;
    case Finding::Foreign:
    case Finding::Outcome:
      return skip(Counter::Skipped);
    case Finding::Invalid:
      break;
  }
  if (options_.skip_foreign && parser_.untyped()) return skip(Counter::Foreign);
  return Kind::Invalid;
}

}  // namespace ebc::group
