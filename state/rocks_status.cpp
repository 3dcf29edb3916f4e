#include "state/rocks_status.h"

#include <fmt/format.h>

#include <array>

namespace ebc::state {

namespace {

// RocksDB has no codes of its own for these: it hands the system's words on.
constexpr std::array<std::string_view, 8> kNotTheFilesFault = {
    "Permission denied",
    "Read-only file system",
    "Operation not permitted",
    "Too many open files",
    "Cannot allocate memory",
    "Resource temporarily unavailable",
    "lock hold by current process",
    "No locks available",
};

bool is_shortage(const rocksdb::Status& status) {
  if (status.IsNoSpace() || status.IsMemoryLimit() || status.IsBusy() || status.IsTimedOut()) return true;
  const std::string text = status.ToString();
  for (const std::string_view words : kNotTheFilesFault) {
    if (text.find(words) != std::string::npos) return true;
  }
  return text.find("No space left on device") != std::string::npos;
}

}  // namespace

Status rocks_open_status(const rocksdb::Status& status, const std::filesystem::path& path) {
  if (status.ok()) return {};
  if (is_shortage(status)) {
    return {Verdict::Fatal,
            fmt::format("can't open the state database {}: {}. Make room on its disk, give this user the right "
                        "to read and write it, or end the process that holds it",
                        path.string(), status.ToString())};
  }
  if (status.IsCorruption() || status.IsIOError() || status.IsNotFound() || status.IsPathNotFound()) {
    return {Verdict::TaskCorrupted,
            fmt::format("the state database {} is damaged: {}", path.string(), status.ToString())};
  }
  return {Verdict::Fatal,
          fmt::format("can't open the state database {}: {}. It may have been written by another version; remove "
                      "the folder to have it restored from the changelog",
                      path.string(), status.ToString())};
}

Status rocks_read_status(const rocksdb::Status& status, const std::filesystem::path& path, std::string_view what) {
  if (status.ok()) return {};
  if (is_shortage(status)) {
    return {Verdict::Retry, fmt::format("can't read {} in {}: {}. Raise this process's limits of open files and memory",
                                        what, path.string(), status.ToString())};
  }
  return {Verdict::TaskCorrupted, fmt::format("{} in {} is damaged: {}", what, path.string(), status.ToString())};
}

Status rocks_write_status(const rocksdb::Status& status, const std::filesystem::path& path, std::string_view what) {
  if (status.ok()) return {};
  if (status.IsCorruption()) {
    return {Verdict::TaskCorrupted, fmt::format("{} in {} is damaged: {}", what, path.string(), status.ToString())};
  }
  return {Verdict::Retry,
          fmt::format("can't write {} to {}: {}. Make room on the disk of this folder, or check the disk; "
                      "nothing is lost, it is tried again",
                      what, path.string(), status.ToString())};
}

}  // namespace ebc::state
