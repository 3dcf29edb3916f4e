// Why a record was dead-lettered: the closed list that producers and tools may rely on.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ebc::group {

enum class Reason : std::uint8_t {
  NotJson,
  NoType,
  UnknownType,
  InvalidCreate,
  InvalidDone,
  InvalidUpdate,
  InvalidCancel,
  TooLarge,
  TooDeep,
  NoSuchGroup,       ///< waited for a Create that didn't come
  AlreadySettled,    ///< another verdict for an entity that has one
  UnexpectedEntity,  ///< a result of an entity that the group doesn't expect
  Sealed,            ///< entities to be added to a sealed group
  AlreadyOpen,       ///< another Create of an open group
  Late,              ///< after the outcome; only when asked for
  HandlerRefused,    ///< a handler's message to a topic that isn't allowed, isn't there, or refuses it
};

inline constexpr std::array<std::string_view, 16> kReasonNames = {
    "not-json",       "no-type",      "unknown-type", "invalid-create", "invalid-done",    "invalid-update",
    "invalid-cancel", "too-large",    "too-deep",     "no-such-group",  "already-settled", "unexpected-entity",
    "sealed",         "already-open", "late",         "handler-refused"};

constexpr std::string_view name_of(Reason reason) { return kReasonNames[static_cast<std::size_t>(reason)]; }

}  // namespace ebc::group
