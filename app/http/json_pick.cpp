#include "app/http/json_pick.h"

#include "processor/group/json_scan.h"

namespace ebc::app {
namespace {

constexpr int kMaxDepth = 1'000;

std::optional<std::string> unescape(const group::JsonValue& value) {
  if (value.kind != group::JsonKind::String) return std::nullopt;
  std::string text;
  if (!group::append_unescaped(value.inside(), text)) return std::nullopt;
  return text;
}

}  // namespace

std::optional<std::map<std::string, std::string_view>> json_members(std::string_view json) {
  group::JsonScanner scanner(json, kMaxDepth);
  if (!scanner.begin_object()) return std::nullopt;
  std::map<std::string, std::string_view> members;
  group::JsonValue key, value;
  while (scanner.next_member(key, value)) {
    auto name = unescape(key);
    if (!name) return std::nullopt;
    members[std::move(*name)] = value.text;
  }
  if (scanner.fault() != group::JsonFault::None) return std::nullopt;
  return members;
}

std::optional<std::vector<std::string_view>> json_elements(std::string_view json) {
  group::JsonScanner scanner(json, kMaxDepth);
  if (!scanner.begin_array()) return std::nullopt;
  std::vector<std::string_view> elements;
  group::JsonValue value;
  while (scanner.next_element(value)) elements.push_back(value.text);
  if (scanner.fault() != group::JsonFault::None) return std::nullopt;
  return elements;
}

std::optional<std::string> json_text(std::string_view json) {
  group::JsonScanner scanner(json, 1);
  group::JsonValue value;
  if (!scanner.whole(value)) return std::nullopt;
  return unescape(value);
}

}  // namespace ebc::app
