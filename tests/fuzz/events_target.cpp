// Any bytes as an event: nothing may break; what is accepted must be what the parser says it is; and about what JSON
// is, we and simdjson must agree.
#include <simdjson.h>

#include <vector>

#include "processor/group/event_json.h"
#include "processor/group/json_scan.h"
#include "tests/fuzz/target.h"

namespace {

using namespace ebc::group;
using ebc::fuzz::check;

CollectorOptions small_options() {
  CollectorOptions options;
  options.max_message_bytes = 4'096;
  options.max_depth = 16;
  options.max_id_bytes = 8;
  options.max_entities = 3;
  options.max_labels = 2;
  return options;
}

void check_id(std::string_view id, const CollectorOptions& options) {
  check(!id.empty() && id.size() <= options.max_id_bytes, "an id of a wrong size was accepted", id);
  check(simdjson::validate_utf8(id.data(), id.size()), "an id is no UTF-8", id);
  std::string quoted, back;
  append_quoted(id, quoted);
  check(quoted.size() == quoted_size(id), "quoted_size() is wrong", id);
  check(append_unescaped(std::string_view{quoted}.substr(1, quoted.size() - 2), back) && back == id,
        "an id changed on its way through JSON", id);
}

/// A piece that will be handed back: one JSON value, of the input's own bytes.
void check_piece(Json piece, std::string_view input) {
  if (piece.empty()) return;
  JsonScanner scanner{piece, 1024};
  JsonValue value;
  check(scanner.whole(value), "a piece that is handed back is no JSON", piece);
  const bool ours = piece.data() >= input.data() && piece.data() + piece.size() <= input.data() + input.size();
  check(ours || piece == "null", "a piece that is handed back is not the input's", piece);
}

void check_command(const Event& event, std::string_view input, const CollectorOptions& options) {
  check_id(event.group, options);
  switch (event.kind) {
    case CommandKind::Create: {
      const Create& create = event.create;
      for (const std::string_view id : create.expected) check_id(id, options);
      for (const Json piece : {create.payload, create.labels, create.sender, create.description,
                               create.on_success.payload, create.on_failure.payload}) {
        check_piece(piece, input);
      }
      if (create.ttl) {
        check(create.ttl->span.count() > 0 && create.ttl->span <= options.max_ttl, "a ttl beyond its bounds", input);
        check(!create.ttl->spelled.empty(), "a ttl without a spelling", input);
      }
      check(create.parent.group.empty() == create.parent.entity.empty(), "half a parent", input);
      if (!create.parent.group.empty()) check_id(create.parent.group, options), check_id(create.parent.entity, options);
      break;
    }
    case CommandKind::EntityDone:
      check_id(event.done.entity, options);
      check(!event.done.result.empty(), "a Done without a result", input);
      check_piece(event.done.result, input);
      check_piece(event.done.error, input);
      break;
    case CommandKind::Update:
      for (const std::string_view id : event.update.add) check_id(id, options);
      check(!event.update.ttl || event.update.ttl->span.count() > 0, "a ttl that isn't positive", input);
      break;
    case CommandKind::Cancel:
      check_piece(event.cancel.reason, input);
      break;
  }
}

/// simdjson also refuses what is JSON but doesn't fit its types (huge numbers, half surrogate pairs); of the rest, both
/// must say the same.
void check_against_simdjson(std::string_view input, bool we_accept, bool too_deep) {
  if (input.empty()) return check(!we_accept, "nothing was accepted");
  static simdjson::dom::parser parser;
  switch (parser.parse(input.data(), input.size()).error()) {
    case simdjson::SUCCESS:
      return check(we_accept || too_deep, "simdjson accepts what we refuse", input);
    case simdjson::TAPE_ERROR:
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
    case simdjson::UTF8_ERROR:
    case simdjson::EMPTY:
    case simdjson::UNESCAPED_CHARS:
    case simdjson::UNCLOSED_STRING:
      return check(!we_accept, "we accept what simdjson refuses", input);
    default:
      return;
  }
}

void parse_twice(EventParser& parser, std::string_view input, const CollectorOptions& options) {
  const Finding finding = parser.parse(input);
  const std::string group{parser.event().group};
  const std::string detail = parser.detail();
  switch (finding) {
    case Finding::Command:
      check_command(parser.event(), input, options);
      break;
    case Finding::Invalid:
      check(!parser.detail().empty(), "invalid without a reason", input);
      if (parser.reason() == Reason::InvalidCreate && !group.empty()) {
        check_id(group, options);
        check_piece(parser.event().create.payload, input);
      }
      break;
    case Finding::Foreign:
    case Finding::Outcome:
      break;
  }
  check(parser.parse(input) == finding && parser.event().group == group, "a second look finds something else", input);
  if (finding == Finding::Invalid) check(parser.detail() == detail, "a second look finds another fault", input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const CollectorOptions usual;
  static const CollectorOptions small = small_options();
  static EventParser parser{usual};
  static EventParser small_parser{small};
  // A copy of exactly this size, so that a read beyond it is seen.
  const std::vector<char> exact(data, data + size);
  const std::string_view input{exact.data(), exact.size()};
  parse_twice(parser, input, usual);
  parse_twice(small_parser, input, small);

  JsonScanner scanner{input, usual.max_depth};
  JsonValue whole;
  const bool accepted = scanner.whole(whole) && simdjson::validate_utf8(input.data(), input.size());
  check_against_simdjson(input, accepted, scanner.fault() == JsonFault::TooDeep);
  return 0;
}
