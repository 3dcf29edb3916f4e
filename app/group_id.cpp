#include "app/group_id.h"

#include <fmt/format.h>

#include <cstdint>
#include <random>

namespace ebc::app {

std::string make_group_id() {
  std::random_device random;
  const auto word = [&] { return static_cast<std::uint32_t>(random()); };
  const auto a = word(), b = word(), c = word(), d = word();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", a, b >> 16, b & 0xFFF, 0x8000 | (c >> 16 & 0x3FFF),
                     c & 0xFFFF, d);
}

}  // namespace ebc::app
