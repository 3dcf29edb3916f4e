#include "tests/broker/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ebc::broker_test {
namespace {

constexpr int kExecFailed = 127;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

/// An open file without a name that holds `text`, to be a child's stdin.
int input_file(const std::string& text) {
  char path[] = "/tmp/ebc-input-XXXXXX";
  const int fd = ::mkstemp(path);
  if (fd < 0) fail("can't make a file for the input");
  ::unlink(path);
  if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("can't write the input");
  ::lseek(fd, 0, SEEK_SET);
  return fd;
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string_view text = *line;
    const auto is_same = [&](const auto& pair) { return text.starts_with(pair.first + "="); };
    if (!std::ranges::any_of(added, is_same)) lines.emplace_back(text);
  }
  for (const auto& [name, value] : added) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Process::Process(const std::string& program, ProcessOptions options) : output_(std::move(options.output)) {
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  auto environment = environment_with(options.environment);
  const auto argv = pointers(arguments);
  const auto envp = pointers(environment);
  const int in = input_file(options.input);
  const int out = ::open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) fail("can't open " + output_.string());
  output_begin_ = std::filesystem::file_size(output_);

  // The test has other threads (librdkafka's): between fork and exec only async-signal-safe calls.
  pid_ = ::fork();
  if (pid_ < 0) fail("can't fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(in, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    // A connection that the test closes must be closed, not live on in a child that knows nothing of it.
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    ::execvpe(argv[0], argv.data(), envp.data());
    ::_exit(kExecFailed);
  }
  ::close(in);
  ::close(out);
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    (void)wait(10s);
  }
}

void Process::signal(int number) const {
  if (!end_) ::kill(pid_, number);
}

std::optional<ProcessEnd> Process::wait(milliseconds limit) {
  const auto reaped = [&] {
    if (end_) return true;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    end_ = WIFEXITED(status) ? ProcessEnd{WEXITSTATUS(status), 0} : ProcessEnd{-1, WTERMSIG(status)};
    return true;
  };
  eventually(limit, reaped, 2ms);
  return end_;
}

std::string Process::output() const {
  std::ifstream file(output_, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(output_begin_));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool Process::wait_for_output(const std::string& text, milliseconds limit) {
  bool found = false;
  eventually(limit, [&] {
    const bool ended = !running();
    found = output().find(text) != std::string::npos;
    return found || ended;
  });
  return found;
}

FinishedProcess run_process(const std::string& program, ProcessOptions options, milliseconds limit) {
  Process process(program, std::move(options));
  const auto end = process.wait(limit);
  if (!end) {
    throw std::runtime_error(
        fmt::format("{} still runs after {} ms; its output:\n{}", program, limit.count(), process.output()));
  }
  if (end->code == kExecFailed) throw std::runtime_error(program + " can't be run: run scripts/setup");
  return {*end, process.output()};
}

}  // namespace ebc::broker_test
