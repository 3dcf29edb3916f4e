// Small files that are either as they were or as they should be, whatever crashes in between.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "processor/api/status.h"

namespace ebc::state {

/// No value: there is no such file. Fatal: it can't be read.
Result<std::optional<std::string>> read_file(const std::filesystem::path& path);

/// Writes a temporary file next to it, fsyncs, renames, fsyncs the folder. Fatal, with the system's reason and the
/// remedy: the old content is still there.
Status replace_file(const std::filesystem::path& path, std::string_view content);

}  // namespace ebc::state
