// Events in: from the bytes of a record's value to an Event, or to the reason why it is none.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "processor/group/event.h"
#include "processor/group/json_scan.h"
#include "processor/group/options.h"
#include "processor/group/reason.h"

namespace ebc::group {

enum class Finding : std::uint8_t {
  Command,  ///< `event` is valid
  Foreign,  ///< somebody else's type on a shared bus
  Outcome,  ///< one of our own
  Invalid,  ///< `reason` and `detail` say why; of a Create, event.group and event.create.payload may be legible
};

/// Parses one event at a time and keeps its memory for the next: no allocation in the usual case. One thread.
/// Of a field given twice the last one counts; null counts as absent for every field but payload and result.
class EventParser {
 public:
  /// `options` outlives the parser.
  explicit EventParser(const CollectorOptions& options) : options_(options) {}

  /// `value` must live as long as the results are used.
  Finding parse(std::string_view value);

  const Event& event() const { return event_; }
  Reason reason() const { return reason_; }
  const std::string& detail() const { return detail_; }
  /// The value isn't for us whatever we think of its JSON: not an object with a string `type`.
  bool untyped() const { return untyped_; }

 private:
  /// The known fields of the outermost object, not yet understood.
  struct Fields {
    JsonValue id, type, group, expected, ttl, payload, result, error, policy, sealed, handler, parent, labels, sender,
        description, add, seal, reason;
  };

  Finding refuse(Reason reason, std::string_view detail);
  Finding commands(std::string_view type);
  Finding parse_create();
  Finding parse_done();
  Finding parse_update();
  Finding parse_cancel();

  bool read_fields(std::string_view value);
  static JsonValue* field(Fields& fields, std::string_view name);
  bool read_string(const JsonValue& value, std::string_view& out);
  bool is_id(const JsonValue& value, std::string_view& out);
  bool read_id(const JsonValue& value, std::string_view name, std::string_view& out);
  bool read_ids(const JsonValue& value, std::string_view name, std::vector<std::string_view>& out);
  bool read_ttl(std::optional<Ttl>& out);
  bool read_flag(const JsonValue& value, std::string_view name, bool& out);
  bool read_text(const JsonValue& value, std::string_view name, Json& out);
  using Wanted = std::pair<std::string_view, JsonValue*>;
  /// Members of an object by their names; the last of a name counts. False: not an object.
  bool read_members(const JsonValue& value, std::initializer_list<Wanted> wanted);
  bool read_policy();
  bool read_limit(const JsonValue& value, std::uint64_t& out);
  bool read_handler();
  bool read_target(const JsonValue& value, HandlerTarget& out);
  bool read_parent();
  bool read_labels();
  bool wrong(std::string_view name, std::string_view must);
  std::string& spare_string();

  const CollectorOptions& options_;
  Event event_;
  Fields fields_;
  Reason reason_{};
  std::string detail_;
  bool untyped_ = false;
  std::deque<std::string>
      unescaped_;  ///< strings that differ from their spelling; the first unescaped_used_ are in use
  std::size_t unescaped_used_ = 0;
};

/// The same options without limits: for events that were valid when they were kept, whatever a later start allows.
CollectorOptions without_limits(CollectorOptions options);

}  // namespace ebc::group
