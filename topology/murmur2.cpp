#include "topology/murmur2.h"

#include <cstddef>
#include <cstring>

namespace ebc::topology {

std::uint32_t murmur2(std::string_view data) {
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;
  const std::size_t length = data.size();
  std::uint32_t hash = 0x9747b28cU ^ static_cast<std::uint32_t>(length);
  const std::size_t whole = length / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t k = 0;
    std::memcpy(&k, data.data() + i, 4);  // little-endian, as Java assembles it
    k *= kMultiplier;
    k ^= k >> kShift;
    k *= kMultiplier;
    hash *= kMultiplier;
    hash ^= k;
  }
  const auto tail = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(data[whole + i])) << (8 * i);
  };
  if (length - whole == 3) hash ^= tail(2);
  if (length - whole >= 2) hash ^= tail(1);
  if (length - whole >= 1) {
    hash ^= tail(0);
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return hash;
}

}  // namespace ebc::topology
