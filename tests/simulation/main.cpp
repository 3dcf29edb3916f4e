// simulation: plays histories. docs/testing.md says what they cover.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/simulation/history.h"

namespace {

constexpr const char* kUsage = R"(usage: simulation [options]

  --seed N        the first history's seed (default 1); each further one has the next
  --histories N   how many (default 1000)
  --seconds N     instead: as many as can be played in that time
  --trace         say what happens, line by line
  --log           the engine's own log lines, too
  --keep-going    don't stop at the first failure

Exit code: 0 all held, 1 a history failed (its seed is printed), 2 wrong use.
)";

struct Options {
  std::uint64_t seed = 1, histories = 1'000, seconds = 0;
  bool trace = false, log = false, keep_going = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const auto number = [&](std::uint64_t& into) {
      if (i + 1 >= argc) return false;
      char* end = nullptr;
      into = std::strtoull(argv[++i], &end, 10);
      return end != argv[i] && *end == 0;
    };
    if (name == "--trace") {
      options.trace = true;
    } else if (name == "--log") {
      options.log = true;
    } else if (name == "--keep-going") {
      options.keep_going = true;
    } else if (name == "--seed"        ? !number(options.seed)
               : name == "--histories" ? !number(options.histories)
               : name == "--seconds"   ? !number(options.seconds)
                                       : true) {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  spdlog::set_level(options.log ? spdlog::level::trace : spdlog::level::off);
  const auto began = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  std::uint64_t played = 0, failed = 0, groups = 0, commits = 0, kills = 0, freezes = 0, steps = 0, simulated = 0,
                at_least_once = 0, with_standbys = 0;
  for (std::uint64_t seed = options.seed;; ++seed) {
    if (options.seconds > 0 ? seconds() >= static_cast<double>(options.seconds) : played >= options.histories) break;
    std::function<void(std::string_view)> trace;
    if (options.trace) trace = [](std::string_view line) { fmt::print("{}\n", line); };
    const auto result = ebc::simulation::play_history(seed, trace);
    ++played;
    groups += result.groups;
    commits += result.commits;
    kills += result.kills;
    freezes += result.freezes;
    at_least_once += result.at_least_once ? 1 : 0;
    steps += result.steps;
    with_standbys += result.standbys ? 1 : 0;
    simulated += result.simulated_ms;
    if (options.trace) fmt::print("digest {:016x}\n", result.digest);
    if (result.failure.empty()) continue;
    ++failed;
    fmt::print("seed {}: {}\n  again: simulation --seed {} --histories 1 --trace\n", seed, result.failure, seed);
    std::fflush(stdout);
    if (!options.keep_going) break;
  }
  fmt::print(
      "MEASURED {} histories ({} of them at-least-once, {} with standbys) in {:.1f} s ({:.0f} a minute), {} failed: {} "
      "groups, {} commits, {} kills, {} freezes, {} steps, {} simulated seconds\n",
      played, at_least_once, with_standbys, seconds(), static_cast<double>(played) * 60 / seconds(), failed, groups,
      commits, kills, freezes, steps, simulated / 1000);
  return failed == 0 ? 0 : 1;
}
