// The identity file:
//
//   identity := "format = 1" newline { key " = " value newline }
//   key      := app_id | cluster_id | instance_id | uuid | used_names      each once
//   value    := the rest of the line, verbatim; of used_names: { count "*" prefix " " }
//
// Lines that are empty or begin with # are skipped. Replaced as a whole (write, fsync, rename), never changed in place.
#include "state/state_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <random>
#include <utility>

#include "state/durable_file.h"

namespace ebc::state {

namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;

Status refuse(std::string message) { return {Verdict::Fatal, std::move(message)}; }

std::string random_hex(int digits) {
  std::random_device random;
  std::string hex;
  while (digits-- > 0) hex.push_back("0123456789abcdef"[random() % 16]);
  return hex;
}

Status make_folder(const fs::path& path) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (!error && mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) error = {errno, std::generic_category()};
  if (!error && !fs::is_directory(path, error) && !error) error = std::make_error_code(std::errc::not_a_directory);
  if (!error) return {};
  return refuse(
      fmt::format("can't make the state folder {}: {}. Give a folder that this user can write to (--state-dir)",
                  path.string(), error.message()));
}

std::string pid_in(int fd) {
  std::array<char, 32> bytes{};
  const ssize_t size = pread(fd, bytes.data(), bytes.size(), 0);
  const std::string_view text(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::string(text.substr(0, text.find_first_not_of("0123456789")));
}

Result<int> lock_file(const fs::path& folder) {
  const fs::path path = folder / "lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return refuse(
        fmt::format("can't write to the state folder {}: {}: {}. Make it writable for this user, or give another one "
                    "(--state-dir)",
                    folder.string(), path.string(), std::strerror(errno)));
  }
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  const int error = errno;
  const std::string pid = pid_in(fd);
  ::close(fd);
  if (error != EWOULDBLOCK) {
    return refuse(fmt::format("can't lock {}: {}. Use a local disk for the state folder (--state-dir)", path.string(),
                              std::strerror(error)));
  }
  return refuse(
      fmt::format("the state folder {} is in use by process {}: stop it, or give this one a folder of its own "
                  "(--state-dir)",
                  folder.string(), pid.empty() ? "(unknown)" : pid));
}

Status write_pid(int fd, const fs::path& folder) {
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd, 0) == 0 && pwrite(fd, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size())) return {};
  return refuse(fmt::format("can't write to the state folder {}: {}. Make room on its disk", folder.string(),
                            std::strerror(errno)));
}

using Lines = std::map<std::string, std::string, std::less<>>;

// No value: a line that isn't `key = value`, or a key for the second time.
std::optional<Lines> parse(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find(" = ");
    if (equals == std::string_view::npos) return std::nullopt;
    if (!lines.emplace(line.substr(0, equals), line.substr(equals + 3)).second) return std::nullopt;
  }
  return lines;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

constexpr std::size_t kNamesKept = 64;

std::string to_text(const std::vector<UsedNames>& names) {
  std::string text;
  for (const UsedNames& used : names) text += fmt::format("{}*{} ", used.count, used.prefix);
  return text;
}

// No value: something in it isn't `count*prefix`.
std::optional<std::vector<UsedNames>> read_names(std::string_view text) {
  std::vector<UsedNames> names;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const std::size_t star = word.find('*');
    const auto count = number(word.substr(0, star));
    if (star == std::string_view::npos || !count || *count < 1) return std::nullopt;
    names.push_back({std::string(word.substr(star + 1)), *count});
  }
  return names;
}

}  // namespace

StateDirectory::StateDirectory(StateDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_fd_(std::exchange(other.lock_fd_, -1)),
      claimed_(other.claimed_),
      identity_(std::move(other.identity_)) {}

StateDirectory& StateDirectory::operator=(StateDirectory&& other) noexcept {
  // The folder held so far is let go of at once, not when `other` goes.
  StateDirectory taken(std::move(other));
  std::swap(path_, taken.path_);
  std::swap(lock_fd_, taken.lock_fd_);
  std::swap(claimed_, taken.claimed_);
  std::swap(identity_, taken.identity_);
  return *this;
}

StateDirectory::~StateDirectory() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

Result<StateDirectory> StateDirectory::lock(const fs::path& path) {
  if (Status made = make_folder(path); !made.ok()) return made;
  Result<int> fd = lock_file(path);
  if (!fd.ok()) return fd.status();
  StateDirectory directory(path, *fd);
  if (Status written = write_pid(*fd, path); !written.ok()) return written;
  if (Status read = directory.read_identity(); !read.ok()) return read;
  return directory;
}

Result<StateDirectory> StateDirectory::open(const fs::path& path, const StateOwner& owner) {
  Result<StateDirectory> directory = lock(path);
  if (!directory.ok()) return directory;
  if (Status claimed = directory->claim(owner); !claimed.ok()) return claimed;
  return directory;
}

Status StateDirectory::read_identity() {
  const fs::path file = path_ / "identity";
  Result<std::optional<std::string>> text = read_file(file);
  if (!text.ok()) return text.status();
  if (!text->has_value()) {
    std::error_code error;
    if (fs::exists(database_path(), error)) {
      return refuse(
          fmt::format("{} holds state but no identity file, so nobody knows whose it is. Remove {} to have the state "
                      "restored from the changelog, or give another folder (--state-dir)",
                      path_.string(), database_path().string()));
    }
    identity_.instance_id = "ebc-" + random_hex(12);
    identity_.uuid = random_hex(32);
    return {};
  }

  const std::optional<Lines> lines = parse(**text);
  const auto value = [&](std::string_view key) {
    const auto line = lines->find(key);
    return line == lines->end() ? std::string{} : line->second;
  };
  const Status damaged =
      refuse(fmt::format("{} is damaged. Remove the folder {} to begin with a new one; its state is restored "
                         "from the changelog",
                         file.string(), path_.string()));
  if (!lines) return damaged;
  const std::optional<int> format = number(value("format"));
  if (!format || *format < 1) return damaged;
  if (*format > kFormat) {
    return refuse(
        fmt::format("the state folder {} has format {}, but this program knows formats up to {}: run the version that "
                    "wrote it or a later one, or give another folder (--state-dir)",
                    path_.string(), *format, kFormat));
  }
  auto used_names = read_names(value("used_names"));
  if (!used_names) return damaged;
  Identity identity{
      {value("app_id"), value("cluster_id")}, value("instance_id"), value("uuid"), std::move(*used_names)};
  if (identity.owner.app_id.empty() || identity.owner.cluster_id.empty() || identity.instance_id.empty() ||
      identity.uuid.empty() || !lines->contains("used_names")) {
    return damaged;
  }
  identity_ = std::move(identity);
  claimed_ = true;
  return {};
}

Status StateDirectory::write_identity(const Identity& identity) const {
  return replace_file(
      path_ / "identity",
      fmt::format("# Whose state this folder holds. Written by the program; don't edit, don't copy the folder.\n"
                  "format = {}\napp_id = {}\ncluster_id = {}\ninstance_id = {}\nuuid = {}\nused_names = {}\n",
                  kFormat, identity.owner.app_id, identity.owner.cluster_id, identity.instance_id, identity.uuid,
                  to_text(identity.used_names)));
}

Status StateDirectory::claim(const StateOwner& owner) {
  if (owner.app_id.empty() || owner.cluster_id.empty() ||
      (owner.app_id + owner.cluster_id).find_first_of("\r\n") != std::string::npos) {
    return refuse(fmt::format(
        "can't claim the state folder {}: the application's id '{}' or the cluster's id '{}' is empty or has "
        "a line break",
        path_.string(), owner.app_id, owner.cluster_id));
  }
  const StateOwner& holder = identity_.owner;
  if (!claimed_) {
    Identity identity = identity_;
    identity.owner = owner;
    EBC_TRY(write_identity(identity));
    identity_ = std::move(identity);
    claimed_ = true;
    return {};
  }
  if (holder.app_id != owner.app_id) {
    return refuse(
        fmt::format("the state folder {} belongs to application {}, not to {}: give this one a folder of its own "
                    "(--state-dir), or the right --app-id",
                    path_.string(), holder.app_id, owner.app_id));
  }
  if (holder.cluster_id != owner.cluster_id) {
    return refuse(
        fmt::format("the state folder {} belongs to Kafka cluster {}, not to {}: give a folder for this cluster "
                    "(--state-dir), the right --brokers, or remove the folder when that cluster is gone",
                    path_.string(), holder.cluster_id, owner.cluster_id));
  }
  return {};
}

Status StateDirectory::note_names(const UsedNames& names) {
  if (names.prefix.empty() || names.prefix.find_first_of(" \r\n") != std::string::npos) {
    return refuse(fmt::format("'{}' can't be kept in the state folder {}: it is empty or has blanks", names.prefix,
                              path_.string()));
  }
  Identity identity = identity_;
  auto& used = identity.used_names;
  const auto known = std::find_if(used.begin(), used.end(), [&](const auto& u) { return u.prefix == names.prefix; });
  if (known != used.end()) {
    if (known->count >= names.count) return {};
    known->count = names.count;
  } else {
    used.push_back(names);
    if (used.size() > kNamesKept) used.erase(used.begin());
  }
  if (claimed_) EBC_TRY(write_identity(identity));
  identity_ = std::move(identity);
  return {};
}

Status StateDirectory::keep_names(std::vector<UsedNames> names) {
  if (identity_.used_names == names) return {};
  Identity identity = identity_;
  identity.used_names = std::move(names);
  if (claimed_) EBC_TRY(write_identity(identity));
  identity_ = std::move(identity);
  return {};
}

}  // namespace ebc::state
