// Time comes in from outside: the only place that reads the host's clock.
#pragma once

#include "processor/api/types.h"

namespace ebc {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Any thread.
  virtual Timestamp now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
};

/// Moves only when it is told to. One thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : now_(start) {}
  Timestamp now() const override { return now_; }
  void advance(Duration by) { now_ += by; }
  void set(Timestamp to) { now_ = to; }

 private:
  Timestamp now_;
};

}  // namespace ebc
