#include "tests/conformance/json_view.h"

#include <cstdlib>
#include <stdexcept>

namespace ebc::conformance {
namespace {

constexpr int kDepth = 1024;

[[noreturn]] void fail(std::string_view what, std::string_view text) {
  throw std::runtime_error(std::string(what) + ": " + std::string(text.substr(0, 200)));
}

}  // namespace

JsonView::JsonView(std::string_view text) {
  group::JsonScanner scanner{text, kDepth};
  if (!scanner.whole(value_)) fail("no JSON", text);
}

std::string JsonView::string() const {
  std::string out;
  if (!is_string() || !group::append_unescaped(value_.inside(), out)) fail("no string", text());
  return out;
}

std::int64_t JsonView::integer() const {
  if (value_.kind != group::JsonKind::Number) fail("no number", text());
  return std::strtoll(std::string(text()).c_str(), nullptr, 10);
}

bool JsonView::boolean() const {
  if (value_.kind != group::JsonKind::True && value_.kind != group::JsonKind::False) fail("no boolean", text());
  return value_.kind == group::JsonKind::True;
}

std::vector<JsonView> JsonView::elements() const {
  group::JsonScanner scanner{text(), kDepth};
  if (!scanner.begin_array()) fail("no array", text());
  std::vector<JsonView> found;
  group::JsonValue element;
  while (scanner.next_element(element)) found.emplace_back(element);
  return found;
}

std::vector<std::pair<std::string, JsonView>> JsonView::members() const {
  group::JsonScanner scanner{text(), kDepth};
  if (!scanner.begin_object()) fail("no object", text());
  std::vector<std::pair<std::string, JsonView>> found;
  group::JsonValue key, value;
  while (scanner.next_member(key, value)) found.emplace_back(JsonView{key}.string(), JsonView{value});
  return found;
}

std::optional<JsonView> JsonView::find(std::string_view name) const {
  std::optional<JsonView> found;
  for (const auto& [key, value] : members()) {
    if (key == name) found = value;
  }
  return found;
}

}  // namespace ebc::conformance
