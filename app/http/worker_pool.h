// A few threads for what may wait for the disk, so that the HTTP thread never does.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ebc::app {

/// Any thread.
class WorkerPool {
 public:
  /// `bound`: tasks that may wait.
  WorkerPool(int threads, std::size_t bound);
  ~WorkerPool();  ///< stops
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False: so many wait already that one more would only wait in vain, or the pool has stopped.
  bool post(std::function<void()> task);
  /// Finishes the tasks at hand and drops those that wait.
  void stop();

 private:
  void run();

  const std::size_t bound_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace ebc::app
