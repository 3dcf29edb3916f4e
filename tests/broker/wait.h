// Waiting for conditions: every wait of these tests has a condition and a deadline, none sleeps and hopes.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace ebc::broker_test {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// Polls until `condition` holds; false when `limit` is over first.
template <typename Condition>
bool eventually(milliseconds limit, Condition condition, milliseconds step = 10ms) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(step);
  }
  return true;
}

/// The wall clock in ms since the epoch: what Kafka stamps records with.
inline std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Returns once the wall clock has passed `ms`: for tests in which a moment of it must be over, not for guessing how
/// long somebody else takes.
inline void wait_until_wall_clock(std::int64_t ms) {
  while (wall_clock_ms() <= ms) std::this_thread::sleep_for(5ms);
}

class Stopwatch {
 public:
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start_);
  }
  std::int64_t ms() const { return elapsed().count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace ebc::broker_test
