// The progress row: how far a home has come, kept as one of its own state rows.
//
// Each transaction that touches a home writes it, to the changelog and to the store, beside the group's offsets. So
// after any crash the changelog alone says what was read; offsets that the consumer group lost or reset can't mislead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::topology {

/// The row's key: below everything that a processor may use.
inline constexpr std::string_view kProgressKey{"\x01", 1};

/// The row's version; written as its first byte.
inline constexpr char kProgressFormat = 1;

struct Progress {
  std::uint64_t generation = 0;  ///< made with the home's first row; another one means another changelog
  Offset input_next = 0;
  Offset repartition_next = 0;
  Timestamp clock{};     ///< the home's clock; an older one is only later, never wrong
  Timestamp written{};   ///< wall clock: when the row was made
  int inputs_known = 0;  ///< all input partitions below this have offsets in the consumer group

  bool operator==(const Progress&) const = default;
};

// Bytes: version 0x01, then six little-endian 64-bit integers: generation, input_next, repartition_next, clock (ms),
// written (ms), inputs_known. Never change the meaning of a version.
std::string encode(const Progress& progress);
/// Fatal: a version that this program doesn't know, or a row of the wrong length.
Result<Progress> decode_progress(std::string_view row);

}  // namespace ebc::topology
