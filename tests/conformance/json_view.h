// JSON texts as the case files hold them: looked at piece by piece, each piece still the bytes that stand in the file.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "processor/group/json_scan.h"

namespace ebc::conformance {

/// A view; the text outlives it. What isn't as it must be is thrown as std::runtime_error.
class JsonView {
 public:
  explicit JsonView(std::string_view text);
  explicit JsonView(const group::JsonValue& value) : value_(value) {}

  /// The bytes, without blanks around them.
  std::string_view text() const { return value_.text; }
  bool is_null() const { return value_.kind == group::JsonKind::Null; }
  bool is_object() const { return value_.kind == group::JsonKind::Object; }
  bool is_string() const { return value_.kind == group::JsonKind::String; }
  std::string string() const;
  std::int64_t integer() const;
  bool boolean() const;
  std::vector<JsonView> elements() const;
  /// In the order of the text, names unescaped.
  std::vector<std::pair<std::string, JsonView>> members() const;
  /// The last member of that name.
  std::optional<JsonView> find(std::string_view name) const;

 private:
  group::JsonValue value_;
};

}  // namespace ebc::conformance
