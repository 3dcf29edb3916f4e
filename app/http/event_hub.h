// GET /v1/events: outcomes and the instances' figures as server-sent events, those of all instances by fan-in.
//
//   event: outcome     data: the outcome; with view=summary without results and payload
//   event: instances   data: as GET /v1/instances gives, each second
//   event: dropped     data: {"outcomes":N}: so many were left out, for they came faster than `rate` or the client
//   reads
//
// Nothing runs while nobody listens.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/http/api_parts.h"
#include "app/http/instance_views.h"
#include "app/http/outcome_waits.h"

namespace ebc::app {

/// The HTTP thread.
class EventHub {
 public:
  EventHub(const ApiParts& parts, group::RecentOutcomes& recent, OutcomeWaits& waits, InstanceViews& instances);
  ~EventHub();

  void events(const Target& target, const HttpCall& call, const ExchangePtr& exchange);
  /// From now on each outcome is told to those who wait, until nobody does. To be called before a wait begins.
  void listen();

 private:
  struct Client {
    std::shared_ptr<HttpStream> stream;
    bool hop = false, summary = false;
    std::optional<std::pair<std::string, std::string>> label;
    std::size_t rate = 0, left = 0;  ///< outcomes a second; of this second
    std::size_t dropped = 0;
  };
  struct Peer {
    std::unique_ptr<PeerClient::Subscription> subscription;
    std::string buffer;
    std::string instance;  ///< its last word on itself, JSON
    bool ended = false;
  };

  void wake();
  void drain();
  void tell(const group::RecentOutcome& outcome, bool own);
  void tick();
  void schedule_tick();
  void follow_peers();
  void on_peer(const std::string& base, std::string_view bytes);
  void on_peer_event(Peer& peer, std::string_view event);
  std::string instances_event();

  const ApiParts parts_;
  group::RecentOutcomes& recent_;
  OutcomeWaits& waits_;
  InstanceViews& instances_;
  std::list<Client> clients_;
  std::map<std::string, Peer> peers_;                    ///< by base address
  std::optional<group::RecentOutcomes::Cursor> cursor_;  ///< while somebody listens
  boost::asio::steady_timer timer_;
  bool ticking_ = false;
  unsigned ticks_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ebc::app
