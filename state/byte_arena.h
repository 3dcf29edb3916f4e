// Memory for bytes that all die together.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace ebc::state {

/// Hands out pieces of large blocks; nothing is freed but everything at once. A piece stays where it is until clear().
/// One thread.
class ByteArena {
 public:
  /// `size` bytes, not initialized.
  char* take(std::size_t size);
  std::string_view copy(std::string_view bytes);

  /// Handed out since the last clear().
  std::size_t bytes() const { return bytes_; }

  /// Takes everything back. Keeps the blocks that were in use, up to kKept bytes, for the next ones.
  void clear();

 private:
  static constexpr std::size_t kBlock = std::size_t{64} << 10;
  static constexpr std::size_t kKept = std::size_t{1} << 20;

  std::vector<std::unique_ptr<char[]>> blocks_;  ///< of kBlock bytes each
  std::vector<std::unique_ptr<char[]>> large_;   ///< of one piece each
  std::size_t used_blocks_ = 0;
  std::size_t left_ = 0;  ///< of the last block in use
  std::size_t bytes_ = 0;
};

}  // namespace ebc::state
