// SIGTERM and SIGINT as a call on a thread of their own, where locks and logs are allowed.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace ebc::app {

/// Make it first thing in the process: threads started later inherit that the two signals are blocked, so that they
/// reach nobody but this object. SIGPIPE is ignored for good.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Calls `on_stop(n)` for the n-th signal, on the object's own thread, until destruction. Once.
  void watch(std::function<void(int count)> on_stop);

 private:
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace ebc::app
