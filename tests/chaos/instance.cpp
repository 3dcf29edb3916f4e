#include "tests/chaos/instance.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

namespace ebc::chaos {
namespace {

namespace fs = std::filesystem;
using broker_test::CollectorOptions;

std::vector<std::string> with(std::vector<std::string> arguments, std::vector<std::string> more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

Instance::Instance(std::string name, const fs::path& folder, OwnBroker::Listener listener,
                   std::vector<std::string> arguments)
    : name_(std::move(name)),
      state_dir_(folder / ("state-" + name_)),
      proxy_(listener.advertised, listener.port),
      collector_(CollectorOptions{
          .command = "run",
          .arguments = with(std::move(arguments), {"--brokers", fmt::format("127.0.0.1:{}", listener.advertised),
                                                   "--state-dir", state_dir_.string()}),
          .log = folder / ("collector-" + name_ + ".log")}) {}

void Instance::start() {
  collector_.start();
  state_ = State::Running;
}

void Instance::kill9() {
  collector_.kill9();
  state_ = State::Down;
}

void Instance::silence() {
  collector_.process().signal(SIGSTOP);
  state_ = State::Silent;
}

void Instance::wake() {
  collector_.process().signal(SIGCONT);
  state_ = State::Running;
}

void Instance::begin_end() {
  collector_.process().signal(SIGTERM);
  since_end_ = {};
  state_ = State::Ending;
}

std::optional<broker_test::ProcessEnd> Instance::ended() {
  const auto end = collector_.process().wait(0ms);
  if (end) state_ = State::Down;
  return end;
}

std::optional<std::string> Instance::died() {
  if (state_ != State::Running || collector_.running()) return std::nullopt;
  state_ = State::Down;
  const auto end = collector_.process().wait(0ms);
  auto log = collector_.log();
  constexpr std::size_t kShown = 2'000;
  if (log.size() > kShown) log.erase(0, log.size() - kShown);
  return fmt::format("{} ended by itself (exit code {}, signal {}); its log ends:\n{}", name_, end ? end->code : -1,
                     end ? end->signal : 0, log);
}

void Instance::remove_state() { fs::remove_all(state_dir_); }

/// The process may be at work, and its files come and go.
std::vector<fs::path> Instance::tables() const {
  std::vector<fs::path> tables;
  std::error_code gone;
  for (fs::recursive_directory_iterator it(state_dir_, gone), end; it != end; it.increment(gone)) {
    if (it->path().extension() != ".sst") continue;
    const auto size = it->file_size(gone);
    if (!gone && size > 0) tables.push_back(it->path());
  }
  std::ranges::sort(tables);
  return tables;
}

bool Instance::truncate_table(const std::function<std::uint64_t(std::uint64_t)>& random) {
  const auto found = tables();
  if (found.empty()) return false;
  const auto& table = found[random(found.size())];
  fs::resize_file(table, fs::file_size(table) / 2);
  return true;
}

bool Instance::flip_bit(const std::function<std::uint64_t(std::uint64_t)>& random) {
  const auto found = tables();
  if (found.empty()) return false;
  const auto& table = found[random(found.size())];
  const auto at = static_cast<std::streamoff>(random(fs::file_size(table)));
  std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const auto byte = static_cast<char>(file.get() ^ (1 << random(8)));
  file.seekp(at);
  file.put(byte);
  return true;
}

}  // namespace ebc::chaos
