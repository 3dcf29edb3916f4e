#include "app/http/outcome_waits.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

namespace ebc::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration kLongestWait{60'000};
constexpr std::size_t kMostWaits = 256;
/// How often a wait makes sure that the home is still here, and that its client is.
constexpr Duration kLookAgain{1'000};
/// Between two tries to find an owner while a home moves.
constexpr Duration kOwnerAgain{250};

}  // namespace

struct OutcomeWaits::Wait {
  Wait(boost::asio::io_context& io, std::string group, ExchangePtr its_exchange)
      : id(std::move(group)), exchange(std::move(its_exchange)), timer(io) {}

  Duration left() const {
    return std::max(Duration{0}, std::chrono::duration_cast<Duration>(deadline - SteadyClock::now()));
  }

  const std::string id;
  const ExchangePtr exchange;
  Partition home = 0;
  bool hop = false;
  bool looking = false;  ///< a worker is at it, or another instance is asked
  bool ended = false;
  SteadyClock::time_point deadline;
  boost::asio::steady_timer timer;
};

void OutcomeWaits::outcome(const std::string& id, const Target& target, const HttpCall& call,
                           const ExchangePtr& exchange) {
  Duration patience{0};
  if (const auto text = target.parameter("wait"); !text.empty()) {
    const auto given = parse_wait(text);
    if (!given) return exchange->send(problem(400, "wait: a time like 30s"));
    patience = std::min(*given, kLongestWait);
  }
  if (waits_.size() >= kMostWaits) {
    auto reply = problem(429, fmt::format("{} calls wait for outcomes here already", kMostWaits));
    reply.headers.emplace_back("Retry-After", "1");
    return exchange->send(std::move(reply));
  }
  const auto wait = std::make_shared<Wait>(parts_.io, id, exchange);
  wait->home = parts_.placement.home_of(id);
  wait->hop = call.hop;
  wait->deadline = SteadyClock::now() + patience;
  // Before the first look: what is resolved from now on is heard of.
  waits_.emplace(id, wait);
  try_once(wait);
}

void OutcomeWaits::try_once(const WaitPtr& wait) {
  if (wait->ended || wait->looking) return;
  if (wait->exchange->gone()) return end(wait, problem(408, "the client has gone"));
  auto where = find_home(parts_.placement, wait->home, wait->hop);
  if (where.store) return look(wait, std::move(where.store));
  if (!where.base.empty()) return ask_owner(wait, where.base);
  if (wait->hop || wait->left() == Duration{0}) return end(wait, unavailable(where.why));
  sleep(wait, kOwnerAgain);
}

void OutcomeWaits::ask_owner(const WaitPtr& wait, const std::string& base) {
  constexpr Duration kGrace{3'000};
  wait->looking = true;
  const auto left = wait->left();
  auto target = fmt::format("/v1/groups/{}/outcome?wait={}ms", percent_encode(wait->id), left.count());
  parts_.peers.get({base, std::move(target), left + kGrace}, [this, wait](Result<PeerReply> result) {
    wait->looking = false;
    const bool moved = !result.ok() || result->status == 503;
    if (moved && wait->left() > Duration{0}) return sleep(wait, kOwnerAgain);
    end(wait, passed_on(std::move(result)));
  });
}

/// What an outcome means depends on the store: a group that is open may have been resolved before, under this same id.
void OutcomeWaits::look(const WaitPtr& wait, std::shared_ptr<const state::CommittedStore> store) {
  wait->looking = true;
  const bool taken = parts_.workers.post([this, wait, store = std::move(store)]() mutable {
    auto view = group::read_head(CommittedRows(std::move(store)), wait->id);
    auto found = parts_.recent.find(wait->id);
    const bool open = view.ok() && view->kind == group::GroupView::Kind::Open;
    if (open && found &&
        (found->origin_partition != view->group.origin.partition ||
         found->origin_offset != view->group.origin.offset)) {
      found.reset();
    }
    boost::asio::post(parts_.io, [this, wait, open, failed = view.status(), found = std::move(found)]() mutable {
      wait->looking = false;
      if (wait->ended) return;
      if (parts_.placement.store(wait->home) == nullptr) return try_once(wait);
      if (!failed.ok()) return end(wait, unavailable(failed.message()));
      if (found) return end(wait, json_reply(std::move(found->json)));
      if (wait->left() > Duration{0}) return sleep(wait, kLookAgain);
      if (open) return end(wait, HttpReply{204});
      end(wait, problem(404, fmt::format("group {} is neither open nor among the outcomes remembered", wait->id)));
    });
  });
  if (taken) return;
  wait->looking = false;
  // Of the outcome itself a wait hears without a look.
  if (wait->left() > Duration{0}) return sleep(wait, kLookAgain);
  end(wait, unavailable("too many calls wait already"));
}

void OutcomeWaits::sleep(const WaitPtr& wait, Duration time) {
  wait->timer.expires_after(std::min(time, wait->left()));
  wait->timer.async_wait([this, weak = std::weak_ptr(wait)](boost::system::error_code error) {
    const auto woken = weak.lock();
    if (!error && woken) try_once(woken);
  });
}

void OutcomeWaits::resolved(const group::RecentOutcome& outcome) {
  const auto [first, last] = waits_.equal_range(std::string(outcome.id));
  std::vector<WaitPtr> waiting;
  for (auto wait = first; wait != last; ++wait) waiting.push_back(wait->second);
  for (const auto& wait : waiting) end(wait, json_reply(std::string(outcome.json)));
}

void OutcomeWaits::look_again() {
  std::vector<WaitPtr> waiting;
  for (const auto& [id, wait] : waits_) waiting.push_back(wait);
  for (const auto& wait : waiting) try_once(wait);
}

void OutcomeWaits::end(const WaitPtr& wait, HttpReply reply) {
  if (std::exchange(wait->ended, true)) return;
  wait->timer.cancel();
  const auto [first, last] = waits_.equal_range(wait->id);
  for (auto known = first; known != last; ++known) {
    if (known->second == wait) {
      waits_.erase(known);
      break;
    }
  }
  wait->exchange->send(std::move(reply));
}

}  // namespace ebc::app
