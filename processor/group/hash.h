// The fingerprint by which a repeated Create is known. It is stored: never change what it computes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace ebc::group {

/// 64 bits over all bytes, multiply and fold; not for use against an adversary.
inline std::uint64_t fingerprint(std::string_view bytes) {
  const auto mix = [](std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  constexpr std::uint64_t kFirst = 0x9E3779B97F4A7C15ULL;
  constexpr std::uint64_t kSecond = 0xD1B54A32D192ED03ULL;
  std::uint64_t hash = kFirst ^ bytes.size();
  while (!bytes.empty()) {
    std::uint64_t words[2] = {0, 0};
    const std::size_t taken = bytes.size() < sizeof words ? bytes.size() : sizeof words;
    std::memcpy(words, bytes.data(), taken);
    bytes.remove_prefix(taken);
    hash = mix(hash ^ words[0], kSecond ^ words[1]) + kFirst;
  }
  return mix(hash, kSecond);
}

}  // namespace ebc::group
