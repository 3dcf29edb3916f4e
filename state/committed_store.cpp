#include "state/committed_store.h"

#include <fmt/format.h>

namespace ebc::state {

Status check_keys(std::span<const Write> writes) {
  for (const Write& write : writes) {
    if (write.key.empty()) return {Verdict::Fatal, "a write to the store has an empty key; nothing was written"};
    if (static_cast<unsigned char>(write.key.front()) < CommittedStore::kFirstKeyByte) {
      return {Verdict::Fatal,
              fmt::format("a write to the store has a key that begins with byte {}, but those below {} are the "
                          "store's own; nothing was written",
                          static_cast<unsigned char>(write.key.front()), CommittedStore::kFirstKeyByte)};
    }
  }
  return {};
}

}  // namespace ebc::state
