// Results of everything that can fail. No exceptions cross a layer: a failure is a value, classed by what the caller
// must do next. Only the adapters to Kafka and RocksDB make verdicts from library errors; only the stream worker acts
// on them.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>

namespace ebc {

enum class Verdict {
  Ok,
  Retry,             ///< transient: the same call may succeed later
  AbortTransaction,  ///< the open transaction is lost: abort it, take the homes anew
  Fenced,            ///< somebody else acts in our place: drop everything uncommitted, rejoin
  TaskCorrupted,     ///< the local state of one home can't be used: quarantine it and restore
  Fatal,             ///< nothing that runs can mend it: stop the process with the message
};

/// Success, or a verdict with one sentence that names the thing, the place and both sides of a mismatch.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Verdict verdict, std::string message) : verdict_(verdict), message_(std::move(message)) {}

  bool ok() const { return verdict_ == Verdict::Ok; }
  Verdict verdict() const { return verdict_; }
  const std::string& message() const { return message_; }

 private:
  Verdict verdict_ = Verdict::Ok;
  std::string message_;
};

/// A value, or the Status that says why there is none. (g++ 12 has no std::expected in C++20 mode.)
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}                              // NOLINT: implicit by design
  Result(Status error) : error_(std::move(error)) { assert(!error_.ok()); }  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  /// Only when ok().
  T& value() { return *value_; }
  const T& value() const { return *value_; }
  T& operator*() { return *value_; }
  T* operator->() { return &*value_; }
  /// Ok when there is a value.
  const Status& status() const { return error_; }

 private:
  std::optional<T> value_;
  Status error_;
};

}  // namespace ebc

/// Returns the Status of `expr` from the calling function unless it is ok.
#define EBC_TRY(expr)                                                              \
  do {                                                                             \
    if (::ebc::Status ebc_status_ = (expr); !ebc_status_.ok()) return ebc_status_; \
  } while (false)
