// A child process whose output is kept in a file.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/broker/wait.h"

namespace ebc::broker_test {

struct ProcessOptions {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to the test's own
  std::string input;                                             ///< what the child reads from stdin
  std::filesystem::path output;                                  ///< stdout and stderr are appended here
};

/// How a process ended: by exit (code) or by a signal.
struct ProcessEnd {
  int code = -1;
  int signal = 0;
};

/// Runs from construction on; destruction kills and reaps it. It is also killed when the thread that made it ends, so
/// that a test that was itself killed leaves nothing behind: make it on the test's main thread.
class Process {
 public:
  /// `program`: a path, or a name to be looked up in PATH. Throws std::runtime_error when it can't be run.
  Process(const std::string& program, ProcessOptions options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  bool running() { return !wait(0ms).has_value(); }
  /// How it ended, or nullopt when it still runs after `limit`.
  std::optional<ProcessEnd> wait(milliseconds limit);

  /// All it has written since it was started.
  std::string output() const;
  /// True as soon as the output holds `text`; false when `limit` is over or the process has ended without it.
  bool wait_for_output(const std::string& text, milliseconds limit);

 private:
  std::filesystem::path output_;
  std::uintmax_t output_begin_ = 0;
  pid_t pid_ = -1;
  std::optional<ProcessEnd> end_;
};

/// Runs a program to its end; throws when it takes longer than `limit`.
struct FinishedProcess {
  ProcessEnd end;
  std::string output;
};
FinishedProcess run_process(const std::string& program, ProcessOptions options, milliseconds limit);

}  // namespace ebc::broker_test
