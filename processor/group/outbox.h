// Everything the collector writes: outcomes, handlers' messages, messages to parent groups, dead letters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "processor/api/processor.h"
#include "processor/group/options.h"
#include "processor/group/outcome_json.h"
#include "processor/group/reason.h"
#include "processor/group/recent_outcomes.h"
#include "processor/group/row_codec.h"
#include "processor/group/stats.h"

namespace ebc::group {

/// One for each home. All that it is given outlives it.
class Outbox {
 public:
  /// `recent`: where outcomes go once they are committed; null: nowhere.
  Outbox(ProcessorContext& context, const CollectorOptions& options, CollectorStats& stats, RecentOutcomes* recent)
      : context_(context), options_(options), stats_(stats), recent_(recent) {}

  /// What was sent is on the bus for good.
  void committed();

  /// Sends the outcome and what goes with it. One that is too large becomes a Failure that says so; an invalid Create's
  /// goes without its payload then.
  void outcome(Outcome outcome);

  /// The record as it was, and why.
  void dead_letter(const Record& record, Reason reason, std::string_view detail);
  void dead_letter(const StoredEvent& event, Reason reason, std::string_view detail);

 private:
  void carry(const Envelope& envelope);
  std::size_t carried_bytes() const;
  void handler(const Outcome& outcome, const Target& target);
  void refuse_handler(const Outcome& outcome, std::string_view message, std::string_view detail);
  void parent(const Outcome& outcome);

  ProcessorContext& context_;
  const CollectorOptions& options_;
  CollectorStats& stats_;
  RecentOutcomes* const recent_;
  OutcomeBatch uncommitted_;  ///< outcomes of the open transaction
  std::string text_, parent_text_, error_;
  std::vector<Header> headers_, carried_;
};

/// A record as it was when the event was kept: views into `event`. `headers` backs the headers.
Record record_of(const StoredEvent& event, std::vector<Header>& headers);

/// Whether `topic` is a possible topic and matched by one of `patterns`, in which `*` stands for any characters.
bool topic_allowed(std::string_view topic, const std::vector<std::string>& patterns);

}  // namespace ebc::group
