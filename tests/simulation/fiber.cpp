#include "tests/simulation/fiber.h"

#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace ebc::simulation {
namespace {

constexpr std::size_t kStackBytes = 256 << 10;

Fiber* entering = nullptr;

/// Stacks are used again: making one costs more than a short history.
std::vector<std::unique_ptr<char[]>>& free_stacks() {
  static std::vector<std::unique_ptr<char[]>> stacks;
  return stacks;
}

}  // namespace

Fiber::Fiber(std::function<void()> body) : body_(std::move(body)) {
  if (free_stacks().empty()) {
    stack_.reset(new char[kStackBytes]);
  } else {
    stack_ = std::move(free_stacks().back());
    free_stacks().pop_back();
  }
  getcontext(&own_);
  own_.uc_stack.ss_sp = stack_.get();
  own_.uc_stack.ss_size = kStackBytes;
  own_.uc_link = nullptr;
  makecontext(&own_, enter, 0);
}

Fiber::~Fiber() { free_stacks().push_back(std::move(stack_)); }

void Fiber::enter() { std::exchange(entering, nullptr)->run(); }

void Fiber::run() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &caller_stack_, &caller_stack_size_);
#endif
  try {
    if (!killed_) body_();
  } catch (const Killed&) {
    // Ended where it stood, as was wanted.
  }
  body_ = nullptr;
  done_ = true;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(nullptr, caller_stack_, caller_stack_size_);
#endif
  setcontext(&caller_);
}

void Fiber::switch_in() {
#if defined(__SANITIZE_ADDRESS__)
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, stack_.get(), kStackBytes);
#endif
  swapcontext(&caller_, &own_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

void Fiber::resume() {
  if (!std::exchange(started_, true)) entering = this;
  switch_in();
}

void Fiber::wait() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&own_fake_stack_, caller_stack_, caller_stack_size_);
#endif
  swapcontext(&own_, &caller_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(own_fake_stack_, &caller_stack_, &caller_stack_size_);
#endif
  if (killed_) throw Killed{};
}

void Fiber::kill() {
  killed_ = true;
  if (started_ && !done_) switch_in();
  done_ = true;
}

}  // namespace ebc::simulation
