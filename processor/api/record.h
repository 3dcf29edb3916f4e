// What a processor reads and writes: records, as views.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "processor/api/types.h"

namespace ebc {

struct Header {
  std::string_view name;
  std::optional<std::string_view> value;  ///< Kafka tells a null value from an empty one
};

/// A record as its producer wrote it. Topic, partition, offset and timestamp are those of the producer's record, also
/// when the engine re-keyed it on its way: a processor can't tell the two apart.
/// Everything is a view, valid until the call that was given the record returns.
struct Record {
  std::string_view topic;
  Partition partition = 0;
  Offset offset = 0;
  Timestamp timestamp{};
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  ///< null: a tombstone
  std::span<const Header> headers;
};

/// A record to be written in the open transaction. The views are copied before forward() returns.
/// Its partition is Java's: murmur2(key) % partitions; without a key the engine chooses.
struct Output {
  std::string_view topic;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::optional<Timestamp> timestamp;  ///< none: the wall clock
  std::span<const Header> headers;
};

}  // namespace ebc
