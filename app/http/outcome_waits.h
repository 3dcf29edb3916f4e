// GET /v1/groups/{id}/outcome?wait=: who waits for what, on the instance that owns the group's home.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

#include "app/http/api_parts.h"

namespace ebc::app {

/// The HTTP thread, but for what its workers do.
class OutcomeWaits {
 public:
  explicit OutcomeWaits(const ApiParts& parts) : parts_(parts) {}

  void outcome(const std::string& id, const Target& target, const HttpCall& call, const ExchangePtr& exchange);

  bool any() const { return !waits_.empty(); }
  /// A group was resolved here, for good.
  void resolved(const group::RecentOutcome& outcome);
  /// Outcomes may have been missed: everybody looks again.
  void look_again();

 private:
  struct Wait;
  using WaitPtr = std::shared_ptr<Wait>;

  void try_once(const WaitPtr& wait);
  void ask_owner(const WaitPtr& wait, const std::string& base);
  void look(const WaitPtr& wait, std::shared_ptr<const state::CommittedStore> store);
  void sleep(const WaitPtr& wait, Duration time);
  void end(const WaitPtr& wait, HttpReply reply);

  const ApiParts parts_;
  std::unordered_multimap<std::string, WaitPtr> waits_;  ///< by group id; all that haven't ended
};

}  // namespace ebc::app
