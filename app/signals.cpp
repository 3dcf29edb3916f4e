#include "app/signals.h"

#include <pthread.h>
#include <signal.h>

namespace ebc::app {
namespace {

// Wakes the watching thread at the end.
constexpr int kWakeUp = SIGUSR2;

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, kWakeUp);
  return set;
}

}  // namespace

StopSignals::StopSignals() {
  const auto set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  if (!thread_.joinable()) return;
  ending_ = true;
  pthread_kill(thread_.native_handle(), kWakeUp);
  thread_.join();
}

void StopSignals::watch(std::function<void(int)> on_stop) {
  thread_ = std::thread([this, on_stop = std::move(on_stop)] {
    const auto set = watched();
    int count = 0;
    for (int number = 0; sigwait(&set, &number) == 0 && !ending_;) {
      if (number != kWakeUp) on_stop(++count);
    }
  });
}

}  // namespace ebc::app
