// What the endpoints under /v1 share.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "app/http/exchange.h"
#include "app/http/peer_client.h"
#include "app/http/placement.h"
#include "app/http/target.h"
#include "app/http/worker_pool.h"
#include "processor/group/deadline_floor.h"
#include "processor/group/group_view.h"
#include "processor/group/recent_outcomes.h"

namespace ebc::app {

using ExchangePtr = std::shared_ptr<HttpExchange>;

/// All outlive the endpoints.
struct ApiParts {
  boost::asio::io_context& io;  ///< the HTTP thread; what isn't said to be for any thread runs there
  WorkerPool& workers;
  const Placement& placement;
  const group::RecentOutcomes& recent;
  PeerClient& peers;
  const group::DeadlineFloors* floors = nullptr;  ///< null: none is known
};

/// The committed rows of a home, for the domain to read.
class CommittedRows final : public group::RowReader {
 public:
  explicit CommittedRows(std::shared_ptr<const state::CommittedStore> store) : store_(std::move(store)) {}
  Result<bool> get(std::string_view key, std::string& value) const override { return store_->get(key, value); }
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
    return store_->scan(from, until, visit);
  }

 private:
  std::shared_ptr<const state::CommittedStore> store_;
};

HttpReply json_reply(std::string body);
/// "30s", "500ms", "2m", or seconds as a plain number; nullopt: none of them.
std::optional<Duration> parse_wait(std::string_view text);
/// Runs `task` on a worker, or answers 503 when all are busy for too long.
void on_worker(WorkerPool& workers, const ExchangePtr& exchange, std::function<void()> task);
/// What another instance said, passed on; what it couldn't say, as 503.
HttpReply passed_on(Result<PeerReply> result);

/// Where the answer for one home is to be had.
struct Whereabouts {
  std::shared_ptr<const state::CommittedStore> store;  ///< here; else
  std::string base;                                    ///< at this instance; empty: nowhere just now
  std::string why;                                     ///< nowhere
};
/// `hop`: another instance asks, so it's here or nowhere.
Whereabouts find_home(const Placement& placement, Partition home, bool hop);

}  // namespace ebc::app
