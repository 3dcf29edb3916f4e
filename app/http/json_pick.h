// Pieces of JSON texts, byte for byte.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ebc::app {

/// The members of an object: name -> value as it stands (views into `json`); of a name given twice the last counts.
/// nullopt: no object.
std::optional<std::map<std::string, std::string_view>> json_members(std::string_view json);
/// The elements of an array; nullopt: no array.
std::optional<std::vector<std::string_view>> json_elements(std::string_view json);
/// The text of a JSON string; nullopt: none.
std::optional<std::string> json_text(std::string_view json);

}  // namespace ebc::app
