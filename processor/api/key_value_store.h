// The state of one home, as its processor sees it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "processor/api/status.h"

namespace ebc {

/// Ordered by the bytes of the keys. Writes are seen by the next read and become durable with the engine's next commit,
/// all of them or none. Keys are 1 to 64 KiB long and their first byte is at least kFirstUserKeyByte; what lies below
/// belongs to the engine. One thread at a time.
class KeyValueStore {
 public:
  static constexpr unsigned char kFirstUserKeyByte = 0x10;

  /// Called for each pair in order; the views are valid during the call. False stops the scan.
  using Visitor = std::function<bool(std::string_view key, std::string_view value)>;

  virtual ~KeyValueStore() = default;

  /// True: found, `value` is replaced. False: absent, `value` is left alone. An error: nothing is known.
  virtual Result<bool> get(std::string_view key, std::string& value) = 0;

  virtual void put(std::string_view key, std::string_view value) = 0;

  /// put() by a caller who knows that the key is absent from committed state. Such a pair, erased again before the
  /// commit, costs nothing at all: no changelog record, no disk write.
  virtual void put_new(std::string_view key, std::string_view value) = 0;

  /// Erasing what is absent is no error.
  virtual void erase(std::string_view key) = 0;

  /// Visits the pairs with from <= key < until; an empty `until` is no bound. The visitor must not write to the store.
  virtual Status scan(std::string_view from, std::string_view until, const Visitor& visit) = 0;
};

}  // namespace ebc
