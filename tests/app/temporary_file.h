// A file with the given text, gone at the end of the test.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace ebc::app {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text) {
    auto pattern = (std::filesystem::temp_directory_path() / "eb-collector-test-XXXXXX").string();
    if (const int file = mkstemp(pattern.data()); file >= 0) close(file);
    path_ = pattern;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace ebc::app
