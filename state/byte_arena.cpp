#include "state/byte_arena.h"

#include <algorithm>
#include <cstring>

namespace ebc::state {

char* ByteArena::take(std::size_t size) {
  bytes_ += size;
  if (size > kBlock / 4) {
    large_.push_back(std::unique_ptr<char[]>(new char[size]));
    return large_.back().get();
  }
  if (size > left_) {
    if (used_blocks_ == blocks_.size()) blocks_.push_back(std::unique_ptr<char[]>(new char[kBlock]));
    ++used_blocks_;
    left_ = kBlock;
  }
  char* piece = blocks_[used_blocks_ - 1].get() + (kBlock - left_);
  left_ -= size;
  return piece;
}

std::string_view ByteArena::copy(std::string_view bytes) {
  char* piece = take(bytes.size());
  if (!bytes.empty()) std::memcpy(piece, bytes.data(), bytes.size());
  return {piece, bytes.size()};
}

void ByteArena::clear() {
  // As much as was needed this time: a burst's memory goes with the first transaction after it.
  blocks_.resize(std::min(used_blocks_, kKept / kBlock));
  large_.clear();
  used_blocks_ = 0;
  left_ = 0;
  bytes_ = 0;
}

}  // namespace ebc::state
