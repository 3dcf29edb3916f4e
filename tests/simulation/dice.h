// The one source of chance in a history: the same seed throws the same numbers on every machine.
#pragma once

#include <array>
#include <cstdint>

namespace ebc::simulation {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  /// 0 .. sides - 1.
  int below(int sides) { return static_cast<int>((next() >> 33) % static_cast<std::uint64_t>(sides)); }
  /// first .. last.
  int between(int first, int last) { return first + below(last - first + 1); }
  bool one_in(int sides) { return below(sides) == 0; }
  bool percent(int chance) { return below(100) < chance; }
  template <typename T, std::size_t N>
  const T& pick(const std::array<T, N>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(N)))];
  }

 private:
  /// splitmix64.
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace ebc::simulation
