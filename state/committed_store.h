// The committed state of one home: what a crash leaves behind and what a reader from outside may see.
//
// It only ever holds what a finished Kafka transaction wrote. Each apply() is atomic and carries the changelog position
// that goes with it, so after a crash the store says by itself from where its changelog must be replayed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "processor/api/key_value_store.h"
#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::state {

/// One change; the views live as long as the caller says.
struct Write {
  std::string_view key;
  std::optional<std::string_view> value;  ///< none: erase
};

/// Writes by one thread at a time; reads from any thread.
class CommittedStore {
 public:
  /// Keys that begin with a byte below this belong to the implementation: get() and scan() never show them, apply()
  /// refuses them. From here to KeyValueStore::kFirstUserKeyByte they are the engine's, above the processor's.
  static constexpr unsigned char kFirstKeyByte = 0x01;

  virtual ~CommittedStore() = default;

  /// True: found, `value` is replaced. False: absent, `value` is left alone.
  virtual Result<bool> get(std::string_view key, std::string& value) const = 0;

  /// As KeyValueStore::scan. Sees the state as it was when the scan began.
  virtual Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const = 0;

  /// Applies all writes and the new position, or nothing. `changelog_offset_next` is the first changelog offset that
  /// the store does not yet hold. Fenced: a later owner has opened this home. TaskCorrupted or Retry (disk full): as
  /// named.
  virtual Status apply(std::span<const Write> writes, Offset changelog_offset_next) = 0;

  /// None: the store was never restored.
  virtual Result<std::optional<Offset>> changelog_offset_next() const = 0;

  /// Forgets everything, the position too.
  virtual Status clear() = 0;
};

/// Fatal, with the reason, when a key is empty or the implementation's own: apply() must then write nothing.
Status check_keys(std::span<const Write> writes);

}  // namespace ebc::state
