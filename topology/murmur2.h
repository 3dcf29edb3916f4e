// The hash of Java's default partitioner (org.apache.kafka.common.utils.Utils.murmur2, seed 0x9747b28c), so that a
// group's home is the partition where a well-keyed producer already puts it.
#pragma once

#include <cstdint>
#include <string_view>

#include "processor/api/types.h"

namespace ebc::topology {

std::uint32_t murmur2(std::string_view data);

/// The partition of `key` among `partitions` (> 0): the hash without its sign bit, modulo.
inline Partition home_of(std::string_view key, int partitions) {
  return static_cast<Partition>((murmur2(key) & 0x7fffffffU) % static_cast<std::uint32_t>(partitions));
}

}  // namespace ebc::topology
