// Parses each record once, though it is looked at twice: when it is routed and when it is processed.
#pragma once

#include "processor/api/processor.h"
#include "processor/group/event_json.h"
#include "processor/group/stats.h"

namespace ebc::group {

/// One for each stream thread.
class EventReader {
 public:
  /// Both outlive the reader.
  EventReader(const CollectorOptions& options, CollectorStats& stats)
      : options_(options), stats_(stats), parser_(options) {}

  /// The key is the group id: of the events that need no home, none. Counts what is skipped.
  Route route(const Record& record);

  enum class Kind : std::uint8_t { Skip, Command, Invalid };

  /// What route() found out if it was asked about this record last, else parsed anew. parser() then has the rest.
  Kind read(const Record& record);
  const EventParser& parser() const { return parser_; }

 private:
  Kind parse(const Record& record, bool counted);

  const CollectorOptions& options_;
  CollectorStats& stats_;
  EventParser parser_;
  // The record that was routed last, until it is read.
  bool routed_ = false;
  const char* value_ = nullptr;
  std::size_t size_ = 0;
  Partition partition_ = 0;
  Offset offset_ = 0;
  Kind kind_ = Kind::Skip;
};

}  // namespace ebc::group
