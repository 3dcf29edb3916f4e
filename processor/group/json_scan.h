// A strict reader of JSON text (RFC 8259) that validates all it passes over and hands out the pieces as they stand.
//
// Why not simdjson's own front ends: On-Demand doesn't check what it skips or hands out raw, and the DOM refuses
// numbers that a double can't hold, while we echo slices of our input byte for byte. One pass over the text checks the
// grammar, the depth and the end, needs no padded copy, and leaves slices of the caller's own memory. UTF-8 is not
// checked here: that is one call of simdjson before (event_json.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ebc::group {

enum class JsonFault : std::uint8_t { None, Malformed, TooDeep };
enum class JsonKind : std::uint8_t { Null, False, True, Number, String, Array, Object };

/// No option allows more. What was scanned before is scanned anew with this limit.
constexpr int kDeepestJson = 1024;

/// A slice of the scanned text, without blanks around it.
struct JsonValue {
  JsonKind kind = JsonKind::Null;
  bool escaped = false;   ///< a string that holds a backslash
  std::string_view text;  ///< a string's with its quotes

  bool absent() const { return text.empty() || kind == JsonKind::Null; }
  /// What stands between a string's quotes, still escaped.
  std::string_view inside() const { return text.substr(1, text.size() - 2); }
};

/// Usage: begin_object(), next_member() until it is false, then fault(). Likewise for arrays, or whole() for any value.
/// Scanning ends with the end of the text: after the last member nothing but blanks may follow.
class JsonScanner {
 public:
  /// `max_depth`: how many arrays and objects may be open at once, at most kDeepestJson.
  JsonScanner(std::string_view text, int max_depth);

  /// False: the text doesn't begin with the bracket; nothing was consumed and there is no fault yet.
  bool begin_object() { return begin('{'); }
  bool begin_array() { return begin('['); }

  /// False: the end was reached, or a fault.
  bool next_member(JsonValue& key, JsonValue& value);
  bool next_element(JsonValue& value);

  /// Scans one value that is the whole text.
  bool whole(JsonValue& value);

  JsonFault fault() const { return fault_; }

 private:
  bool begin(char bracket);
  bool separator(char closing);
  bool value(JsonValue& out);
  bool string(JsonValue& out);
  bool number(JsonValue& out);
  bool literal(std::string_view word);
  bool container(JsonValue& out);
  bool members(char closing);
  bool escape();
  void blanks();
  bool fail(JsonFault fault);

  const char* at_;
  const char* const end_;
  int depth_left_;
  bool first_ = true;
  JsonFault fault_ = JsonFault::None;
};

/// Appends the string whose escaped form `inside` is. False: an escape names half a surrogate pair, which no UTF-8 can
/// spell; `out` is then undefined.
bool append_unescaped(std::string_view inside, std::string& out);

/// Appends `text`, valid UTF-8, as a JSON string with its quotes.
void append_quoted(std::string_view text, std::string& out);

/// How many bytes append_quoted() appends.
std::size_t quoted_size(std::string_view text);

}  // namespace ebc::group
