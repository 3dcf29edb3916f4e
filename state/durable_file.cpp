#include "state/durable_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ebc::state {

namespace {

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::optional<std::string>> read_file(const std::filesystem::path& path) {
  const auto failed = [&] {
    return Status{Verdict::Fatal, fmt::format("can't read {}: {}. Make it readable for this user", path.string(),
                                              std::strerror(errno))};
  };
  const Descriptor file(path, O_RDONLY);
  if (!file.valid() && errno == ENOENT) return std::optional<std::string>{};
  if (!file.valid()) return failed();
  std::string content;
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t size = ::read(file.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed();
    if (size == 0) return std::optional<std::string>(std::move(content));
    content.append(bytes.data(), static_cast<std::size_t>(size));
  }
}

Status replace_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path temporary = path;
  temporary += ".new";
  const auto failed = [&] {
    const int error = errno;
    ::unlink(temporary.c_str());
    return Status{Verdict::Fatal,
                  fmt::format("can't write {}: {}. Make room on its disk, or make its folder writable for this user",
                              path.string(), std::strerror(error))};
  };
  {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.valid() || !write_all(file.get(), content) || ::fsync(file.get()) != 0) return failed();
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed();
  const Descriptor folder(path.parent_path(), O_RDONLY | O_DIRECTORY);
  if (!folder.valid() || ::fsync(folder.get()) != 0) return failed();
  return {};
}

}  // namespace ebc::state
