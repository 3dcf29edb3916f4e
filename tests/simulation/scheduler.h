// Simulated time and who goes on next: the heart of a history.
//
// Everything that runs is an actor (a thread of a process, on a fiber of its own) or an event (something that happens
// at a time: a marker is written, a record arrives, a process is killed). Of all that may go on, the dice choose.
// An actor gives way at every step that could wait, fail or be the last one: each call to a broker or a disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "processor/api/clock.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/fiber.h"

namespace ebc::simulation {

/// A process of the simulated machines, as the scheduler sees it.
struct ProcessState {
  std::string name;
  bool dying = false;      ///< its actors end where they stand
  int kill_in = 0;         ///< steps until it is killed; 0: not wanted
  int freeze_in = 0;       ///< steps until it is stopped, as by SIGSTOP
  Duration freeze_for{0};  ///< for how long, then
  /// What happens in the middle of a replay: the end, a stop, or that Kafka gives no more of the changelog.
  enum class InReplay { Kill, Stop, Silence } in_replay = InReplay::Kill;
  int replay_polls = 0;         ///< polls until then; 0: not wanted
  bool replay_follows = false;  ///< of a standby's replay, not of a take's
  Timestamp frozen_until{};     ///< no actor of it goes on before
  std::uint64_t steps = 0;
};

class Scheduler final : public Clock {
 public:
  using ActorId = std::size_t;

  Scheduler(Dice& dice, Timestamp start) : dice_(dice), now_(start), start_(start) {}
  ~Scheduler() override;

  Timestamp now() const override { return now_; }
  Dice& dice() { return dice_; }

  // From an actor.
  /// A step: others may go on here, the process may end here.
  void step();
  /// Waits until `until`, or until wake().
  void sleep_until(Timestamp until);
  /// As sleep_until(), but ends early when somebody calls data_arrived().
  void wait_for_data(Timestamp until);
  ActorId current() const { return current_; }

  // From anywhere.
  ActorId spawn(std::string name, ProcessState& process, std::function<void()> body);
  void at(Timestamp when, std::function<void()> event);
  void after(Duration delay, std::function<void()> event) { at(now_ + delay, std::move(event)); }
  void wake(ActorId actor);
  void data_arrived();
  /// Ends all actors of a process; not from one of them.
  void end_actors(const ProcessState& process);
  bool running(const ProcessState& process) const;

  /// Until `until`, or until something fails.
  void run(Timestamp until);

  // Of the history.
  /// The first one counts, and ends the run.
  void fail(std::string what);
  const std::string& failure() const { return failure_; }
  std::uint64_t steps() const { return steps_; }
  /// Of all choices so far: two histories of one seed have the same.
  std::uint64_t digest() const { return digest_; }
  /// Called once for a process that was killed, after the step that killed it; not from an actor.
  void on_death(std::function<void(ProcessState&)> bury) { bury_ = std::move(bury); }
  void trace_to(std::function<void(std::string_view)> trace) { trace_ = std::move(trace); }
  bool traced() const { return static_cast<bool>(trace_); }
  void trace(std::string_view line);
  /// Mixes what happened into the digest.
  void note(std::uint64_t what) { digest_ = (digest_ ^ what) * 0x100000001b3u; }

 private:
  struct Actor {
    std::string name;
    ProcessState* process = nullptr;
    std::unique_ptr<Fiber> fiber;
    Timestamp wake{};
    bool waits_for_data = false;
  };

  bool may_run(const Actor& actor) const {
    return !actor.fiber->done() && actor.wake <= now_ && actor.process->frozen_until <= now_;
  }
  Timestamp next_wake() const;
  void run_actor(ActorId id);

  Dice& dice_;
  Timestamp now_;
  const Timestamp start_;
  std::map<ActorId, Actor> actors_;
  std::multimap<std::pair<Timestamp, int>, std::function<void()>> events_;
  ActorId last_actor_ = 0, current_ = 0;
  std::vector<ActorId> runnable_;
  std::string failure_;
  std::uint64_t steps_ = 0, digest_ = 0xcbf29ce484222325u;
  std::function<void(std::string_view)> trace_;
  std::function<void(ProcessState&)> bury_;
};

}  // namespace ebc::simulation
