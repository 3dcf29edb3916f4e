// Kafka knows us and doesn't let us do something: how a message of ours says so, and when to give up because of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "processor/api/status.h"
#include "processor/api/types.h"

namespace ebc::topology {

/// How such a message ends: people read it, and denies_a_right() goes by it, so that it survives being passed on.
inline constexpr std::string_view kDenial = " is missing; docs/security.md lists the rights that are needed";

/// Repeating helps only once somebody grants the right.
inline bool denies_a_right(std::string_view message) { return message.ends_with(kDenial); }
inline bool denies_a_right(const Status& status) { return !status.ok() && denies_a_right(status.message()); }

/// Fatal: `right` is missing, by other signs than a code of the broker's.
inline Status denial(std::string_view what, std::string_view right) {
  return {Verdict::Fatal, std::string(what).append(": ").append(right).append(kDenial)};
}

/// An instance that never ran isn't set up right and stops at once. Later it is somebody's slip, and may be mended
/// before anything had to stop; what stands for ten seconds won't be. One thread.
class DenialWatch {
 public:
  static constexpr Duration kPatience{10'000};

  /// `denial`: what is denied now, empty when nothing is. `runs`: every home assigned here does. True: stop.
  bool gives_up(std::string_view denial, bool runs, Timestamp now) {
    has_run_ |= runs && denial.empty();
    if (denial.empty()) {
      since_.reset();
      return false;
    }
    if (!since_) since_ = now;
    return !has_run_ || now - *since_ >= kPatience;
  }

 private:
  bool has_run_ = false;
  std::optional<Timestamp> since_;
};

}  // namespace ebc::topology
