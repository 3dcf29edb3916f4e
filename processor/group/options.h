// What the collector of event groups may be told. app/ fills it; the defaults are the documented ones.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "processor/api/types.h"

namespace ebc::group {

struct CollectorOptions {
  std::string input_topic = "eventbus-collector";  ///< where messages to a parent group go
  std::string output_topic = "eventbus-collector";
  std::string dead_letter_topic = "eb-collector-dead-letter";

  Duration default_ttl{30'000};
  Duration max_ttl{std::chrono::days{30}};
  Duration orphan_ttl{30'000};           ///< how long an event waits for the Create of its group
  Duration resolved_retention{600'000};  ///< how long a resolved group is remembered

  bool late_to_dead_letters = false;  ///< events after the outcome: dead-lettered instead of counted only
  bool ignore_reuse = false;  ///< a Create of a remembered resolved group is ignored; the memory is durable then
  bool skip_foreign = false;  ///< what is no JSON object with a `type` is counted only

  /// Headers of the Create that its outcome carries, too.
  std::vector<std::string> carry_headers{"traceparent", "tracestate", "kafka_correlationId"};
  /// Topics that handlers may write to; `*` stands for any characters. Empty: none.
  std::vector<std::string> handler_topics;

  std::size_t max_message_bytes = std::size_t{1} << 20;  ///< of an event's value
  std::size_t max_outcome_bytes = std::size_t{900} << 10;
  std::size_t max_id_bytes = 512;            ///< of group and entity ids; at most 16 KiB
  int max_depth = 128;                       ///< of JSON; at most 1024
  std::size_t max_entities = 100'000;        ///< of a group
  std::size_t max_waiting_events = 100'000;  ///< kept for one group before its Create, or before its seal
  std::size_t max_missing = 100;             ///< ids listed in `missing`
  std::size_t max_labels = 16;

  std::size_t cache_bytes = std::size_t{16} << 20;   ///< clean groups held decoded, by all homes of a thread
  std::size_t marker_bytes = std::size_t{32} << 20;  ///< resolved groups remembered, by all homes of a thread
  std::size_t timers_per_turn = 1'000;               ///< deadlines handled in one punctuate()
};

}  // namespace ebc::group
