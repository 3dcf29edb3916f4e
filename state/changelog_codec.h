// How a write to a home's store stands in its changelog topic.
//
//   record  := key value
//   key     := the store's key, verbatim; never null, never empty
//   value   := null                  the key is erased (a tombstone, as compaction wants it)
//            | version payload
//   version := 0x01                  one byte
//   payload := the store's value, verbatim; may be empty
//
// Never change what a version means. Format n reads n and n-1. What the keys and values themselves mean is the business
// of whoever writes them; they carry versions of their own.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "processor/api/status.h"
#include "state/committed_store.h"

namespace ebc::state {

inline constexpr unsigned char kChangelogFormat = 0x01;

/// Rows whose key begins with this byte are of one store alone (Restorer::add_local): no changelog has them.
inline constexpr char kLocalKeyByte = 0x02;

struct ChangelogRecord {
  std::string_view key;
  std::optional<std::string_view> value;
};

/// The record's key is the write's; its value lies in `scratch`, which is overwritten: use one record before making the
/// next.
ChangelogRecord encode_changelog(const Write& write, std::string& scratch);

/// The write points into `key` and `value`. Fatal, with what to do: no key, an empty value, or a version that this
/// program doesn't know. The caller adds topic, partition and offset.
Result<Write> decode_changelog(std::optional<std::string_view> key, std::optional<std::string_view> value);

}  // namespace ebc::state
