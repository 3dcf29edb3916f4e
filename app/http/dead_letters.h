// GET /v1/dead-letters: what the collector put aside lately, and why, read from the topic where it put it.
#pragma once

#include "app/http/api_parts.h"
#include "app/kafka_tail.h"

namespace ebc::app {

/// What is kept of the topic's end, for looking at.
inline constexpr std::size_t kDeadLettersKept = 500;
inline constexpr std::size_t kDeadLetterBytes = 2'048;

/// The HTTP thread; the answer comes on the tail's.
void dead_letters(KafkaTail& tail, const Target& target, const ExchangePtr& exchange);

}  // namespace ebc::app
