// The few words that every layer shares: times, partitions, offsets.
//
// Times are std::chrono types and therefore strong; a partition and an offset are plain integers whose role stands in
// the name. Offsets say which edge they are: `offset_next` is a position (the first one not yet seen), `offset_last`
// the last one seen. "Done" is always position >= end, never "last record seen": transaction markers take offsets too.
#pragma once

#include <chrono>
#include <cstdint>

namespace ebc {

/// A point on the wall clock, UTC, in ms since the epoch (what Kafka stamps records with).
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
/// A span of time in ms.
using Duration = std::chrono::milliseconds;

using Partition = std::int32_t;
using Offset = std::int64_t;

/// Later than every deadline: "nothing is scheduled".
inline constexpr Timestamp kNever = Timestamp::max();

constexpr Timestamp timestamp_from_ms(std::int64_t ms) { return Timestamp{Duration{ms}}; }
constexpr std::int64_t to_ms(Timestamp t) { return t.time_since_epoch().count(); }

}  // namespace ebc
