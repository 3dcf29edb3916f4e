// A stack of its own for code that waits in the middle of a call, so that whoever waits can be left where it is while
// others go on, and can be ended there.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace ebc::simulation {

/// Thrown out of wait() to end a fiber where it stands: what its code holds is destroyed as in any unwinding.
struct Killed {};

/// All fibers of a thread run on that thread, one at a time.
class Fiber {
 public:
  explicit Fiber(std::function<void()> body);
  /// Only when done: kill() it first.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Runs it until it waits or ends. From outside.
  void resume();
  /// Gives control back to whoever resumed it. From inside. Throws Killed when it is to end.
  void wait();
  /// Ends it where it waits. From outside.
  void kill();
  bool done() const { return done_; }

 private:
  static void enter();
  void run();
  void switch_in();

  std::function<void()> body_;
  std::unique_ptr<char[]> stack_;
  ucontext_t own_{}, caller_{};
  bool started_ = false, done_ = false, killed_ = false;
  void* own_fake_stack_ = nullptr;  ///< the address sanitizer's
  const void* caller_stack_ = nullptr;
  std::size_t caller_stack_size_ = 0;
};

}  // namespace ebc::simulation
