#include "app/commands/stopped_instance.h"

#include <fmt/format.h>

namespace ebc::app {

Result<StoppedInstance> open_stopped(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path / "identity", error)) {
    return Status(Verdict::Fatal,
                  fmt::format("{} holds no state of a collector: give its folder (--state-dir)", path.string()));
  }
  auto folder = state::StateDirectory::lock(path);
  if (!folder.ok()) return folder.status();
  if (!std::filesystem::exists(folder->database_path(), error)) {
    return Status(Verdict::Fatal,
                  fmt::format("{} has an identity but no database yet: the instance never got ready", path.string()));
  }
  auto database = state::RocksDatabase::open(folder->database_path(), {});
  if (!database.ok()) return database.status();
  return StoppedInstance{std::move(*folder), std::move(*database)};
}

}  // namespace ebc::app
