// What a fuzz target is: LLVMFuzzerTestOneInput() and check(). Under libFuzzer (preset `fuzz`) or under
// replay_main.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ebc::fuzz {

/// Ends the process with the finding, so that both runners keep the input.
inline void check(bool holds, std::string_view what, std::string_view detail = {}) {
  if (holds) return;
  const std::string text = std::string("FINDING: ").append(what).append("\n").append(detail).append("\n");
  std::fputs(text.c_str(), stderr);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return size == 0 ? std::string_view{} : std::string_view{reinterpret_cast<const char*>(data), size};
}

/// Takes choices from the input; zeros when it is used up.
class Choices {
 public:
  explicit Choices(std::string_view input) : rest_(input) {}
  bool left() const { return !rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  int below(int sides) { return byte() % sides; }
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | byte();
    return value;
  }
  std::string text() {
    const std::size_t size = byte() % 24;
    std::string taken{rest_.substr(0, size)};
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() { return std::exchange(rest_, {}); }

 private:
  std::string_view rest_;
};

}  // namespace ebc::fuzz
