#include "state/rocks_quarantine.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <system_error>

namespace ebc::state {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDamaged = ".damaged-";

Status remove_older(const fs::path& path, const fs::path& kept) {
  const fs::path folder = fs::absolute(path).parent_path();
  const std::string prefix = path.filename().string() + std::string(kDamaged);
  std::vector<fs::path> older;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && name != kept.filename().string()) older.push_back(entry->path());
  }
  for (const fs::path& damaged : older) {
    if (!error) fs::remove_all(damaged, error);
  }
  if (!error) return {};
  return {Verdict::Retry,
          fmt::format("can't remove older damaged databases {}*: {}", (folder / prefix).string(), error.message())};
}

Result<fs::path> put_aside(const fs::path& path, Timestamp now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::string stamp =
      fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
  fs::path target = path;
  target += fmt::format("{}{}", kDamaged, stamp);
  std::error_code error;
  for (int i = 2; fs::exists(target, error); ++i) {
    target = path;
    target += fmt::format("{}{}-{}", kDamaged, stamp, i);
  }
  fs::rename(path, target, error);
  if (error) {
    return Status{
        Verdict::Fatal,
        fmt::format("the state database {} is damaged, and can't be renamed to {}: {}. Remove it by hand to have it "
                    "restored from the changelog",
                    path.string(), target.string(), error.message())};
  }
  return target;
}

}  // namespace

Result<OpenedDatabase> open_or_quarantine(const fs::path& path, const RocksOptions& options, Timestamp now) {
  OpenedDatabase result;
  auto opened = RocksDatabase::open(path, options);
  if (!opened.ok() && opened.status().verdict() == Verdict::TaskCorrupted) {
    auto moved = put_aside(path, now);
    if (!moved.ok()) return moved.status();
    spdlog::error("{}. It was moved to {}; a new one is begun and will be restored from the changelog",
                  opened.status().message(), moved->string());
    if (Status removed = remove_older(path, *moved); !removed.ok()) spdlog::warn("{}", removed.message());
    result.damaged_moved_to = *moved;
    opened = RocksDatabase::open(path, options);
  }
  if (!opened.ok()) return opened.status();
  result.database = std::move(*opened);

  for (const Partition home : result.database->homes()) {
    const Status checked = result.database->check_home(home);
    if (checked.ok()) continue;
    if (checked.verdict() != Verdict::TaskCorrupted) return checked;
    if (Status emptied = result.database->quarantine_home(home, checked.message()); !emptied.ok()) return emptied;
    result.emptied_homes.push_back(home);
  }
  return result;
}

}  // namespace ebc::state
