#include "tests/broker/collector.h"

#include <fmt/format.h>
#include <signal.h>

#include <cstdlib>
#include <sstream>
#include <stdexcept>

namespace ebc::broker_test {
namespace {

constexpr std::size_t kTailBytes = 6'000;

}  // namespace

std::string collector_binary() {
  const char* given = std::getenv("EBC_BINARY");
  return given != nullptr && *given != '\0' ? given : EBC_COLLECTOR_BINARY;
}

std::map<std::string, double> parse_metrics(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto blank = line.rfind(' ');
    if (line.empty() || line[0] == '#' || blank == std::string::npos) continue;
    samples[line.substr(0, blank)] = std::strtod(line.c_str() + blank, nullptr);
  }
  return samples;
}

void Collector::start() {
  std::vector<std::string> arguments{options_.command};
  arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
  arguments.insert(arguments.end(), {"--http", fmt::format("127.0.0.1:{}", http_port_)});
  process_.reset();  // the old one must be gone before the new one starts
  process_ = std::make_unique<Process>(
      collector_binary(),
      ProcessOptions{.arguments = arguments, .environment = options_.environment, .input = "", .output = options_.log});
}

bool Collector::ready() const {
  const auto answer = http_get(http_port_, "/readyz", 1s);
  return answer && answer->status == 200;
}

void Collector::wait_until_ready(milliseconds limit) {
  const bool done = eventually(
      limit, [&] { return ready() || !running(); }, 5ms);
  if (done && running()) return;
  const auto answer = get("/readyz");
  throw std::runtime_error(fmt::format("the collector {} (readyz: {}); its log ends:\n{}",
                                       running() ? "isn't ready in time" : "has ended",
                                       answer ? answer->body : "no answer", log_tail()));
}

void Collector::kill9() {
  process_->signal(SIGKILL);
  if (!process_->wait(10s)) throw std::runtime_error("SIGKILL, but the collector still runs after 10 s");
}

ProcessEnd Collector::stop(milliseconds limit) {
  process_->signal(SIGTERM);
  const auto end = process_->wait(limit);
  if (!end) {
    throw std::runtime_error(
        fmt::format("the collector still runs {} ms after SIGTERM; its log ends:\n{}", limit.count(), log_tail()));
  }
  return *end;
}

std::optional<double> Collector::metric(const std::string& name) const {
  const auto answer = get("/metrics");
  if (!answer || answer->status != 200) return std::nullopt;
  std::optional<double> sum;
  const auto full_name = "eb_collector_" + name;
  for (const auto& [sample, value] : parse_metrics(answer->body)) {
    if (sample == full_name || sample.starts_with(full_name + "{")) sum = sum.value_or(0) + value;
  }
  return sum;
}

std::map<int, double> Collector::by_home(const std::string& name) const {
  const auto answer = get("/metrics");
  if (!answer || answer->status != 200) return {};
  std::map<int, double> values;
  const auto before = "eb_collector_" + name + "{home=\"";
  for (const auto& [sample, value] : parse_metrics(answer->body)) {
    if (sample.starts_with(before)) values[std::atoi(sample.c_str() + before.size())] = value;
  }
  return values;
}

std::set<int> Collector::running_homes() const {
  // Those that are only being taken have no clock yet.
  std::set<int> homes;
  for (const auto& [home, lag] : by_home("home_clock_lag_seconds")) homes.insert(home);
  return homes;
}

std::map<int, double> Collector::standby_lags() const { return by_home("standby_lag_records"); }

std::string Collector::log_tail() const {
  const auto text = log();
  return text.size() > kTailBytes ? text.substr(text.size() - kTailBytes) : text;
}

}  // namespace ebc::broker_test
