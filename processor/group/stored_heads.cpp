#include "processor/group/stored_heads.h"

#include <algorithm>
#include <bit>

#include "processor/group/hash.h"
#include "processor/group/row_codec.h"

namespace ebc::group {
namespace {
constexpr std::size_t kLeastIds = 16'384;
/// Rows read with a commit: about 2 ms.
constexpr std::size_t kSlice = 2'048;
/// A new filter has room for so many times the rows there are: they will come and go before it is full, and then all
/// that is left of them is read once more.
constexpr std::size_t kRoom = 4;
}  // namespace

std::uint64_t StoredHeads::Filter::bits(std::uint64_t hash) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 5; ++i, hash >>= 6) bits |= std::uint64_t{1} << (hash & 63);
  return bits;
}

void StoredHeads::Filter::add(std::uint64_t hash) {
  words[(hash >> 32) & (words.size() - 1)] |= bits(hash);
  ++added;
}

void StoredHeads::Filter::reset(std::size_t ids) {
  words.assign(std::bit_ceil(std::max(ids, kLeastIds) / 4), 0);
  added = 0;
}

void StoredHeads::begin(std::size_t ids) {
  making_.reset(ids);
  making_on_ = true;
  head_key({}, from_);
}

void StoredHeads::add(std::uint64_t hash) {
  if (ready_) serving_.add(hash);
  if (making_on_) making_.add(hash);
}

Status StoredHeads::learn(KeyValueStore& store, std::size_t ids) {
  if (!making_on_) {
    if (ready_ && !serving_.full()) return {};
    begin(kRoom * ids);
  }
  std::string until;
  envelope_key({}, until);
  std::size_t seen = 0;
  bool more = false;
  EBC_TRY(store.scan(from_, until, [&](std::string_view key, std::string_view) {
    if (seen == kSlice) {
      from_ = key;
      more = true;
      return false;
    }
    making_.add(fingerprint(key.substr(1)));
    ++seen;
    return true;
  }));
  if (making_.full()) {
    begin(making_.words.size() * 8);
    return {};
  }
  if (more) return {};
  std::swap(serving_, making_);
  making_ = {};
  making_on_ = false;
  ready_ = true;
  return {};
}

}  // namespace ebc::group
