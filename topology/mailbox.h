// Messages to a stream thread, taken in once a turn.
#pragma once

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace ebc::topology {

/// Any thread posts; one thread takes. Bounded by what its writers keep under way: one taken home and one clock advance
/// for each home.
template <typename Message>
class Mailbox {
 public:
  void post(Message message) {
    const std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    filled_.store(true, std::memory_order_release);
  }

  /// All that came since the last call; costs one atomic read when there is nothing.
  std::vector<Message> take() {
    if (!filled_.load(std::memory_order_acquire)) return {};
    const std::lock_guard lock(mutex_);
    filled_.store(false, std::memory_order_relaxed);
    return std::exchange(messages_, {});
  }

 private:
  std::atomic<bool> filled_{false};
  std::mutex mutex_;
  std::vector<Message> messages_;  // guarded by mutex_
};

}  // namespace ebc::topology
