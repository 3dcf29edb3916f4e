// The commands that a group understands, as plain data. Every view points into the record that was parsed, or into its
// parser, and is valid until that parser parses again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/types.h"
#include "processor/group/policy.h"

namespace ebc::group {

/// `text` of every Json is a piece of input, byte for byte; empty means that the field is absent.
using Json = std::string_view;

struct Ttl {
  Duration span{};
  std::string_view spelled;  ///< seconds, as the event spelled them
};

/// One branch of a handler.
struct HandlerTarget {
  std::string_view topic;  ///< empty: no message on this branch
  Json payload;            ///< empty: the outcome itself
};

struct Parent {
  std::string_view group;  ///< empty: no parent
  std::string_view entity;
};

struct Create {
  std::vector<std::string_view> expected;  ///< as listed, repeats and all
  std::optional<Ttl> ttl;                  ///< none: the default
  Json payload;
  Policy policy;
  bool sealed = true;
  HandlerTarget on_success, on_failure;
  Parent parent;
  Json labels, sender, description;
};

struct EntityDone {
  std::string_view entity;
  Json result;  ///< never empty; `null` when the event gave none
  Json error;   ///< empty: the entity succeeded

  bool failed() const { return !error.empty(); }
  Json value() const { return failed() ? error : result; }
};

struct Update {
  std::vector<std::string_view> add;
  std::optional<Ttl> ttl;
  bool seal = false;
};

struct Cancel {
  Json reason;  ///< a string; empty: none given
};

enum class CommandKind : std::uint8_t { Create, EntityDone, Update, Cancel };

struct Event {
  CommandKind kind{};
  std::string_view group;  ///< the group id; of an invalid Create empty when it can't be read
  Create create;           ///< the one that `kind` names is filled; the others keep their memory for the next event
  EntityDone done;
  Update update;
  Cancel cancel;
};

}  // namespace ebc::group
