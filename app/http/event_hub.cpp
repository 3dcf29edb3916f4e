#include "app/http/event_hub.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "app/http/json_pick.h"
#include "app/http/outcome_view.h"
#include "app/options/values.h"

namespace ebc::app {
namespace {

constexpr std::size_t kMostClients = 32;
constexpr std::size_t kMostRate = 1'000;
constexpr std::size_t kDrainedAtOnce = 2'000;
constexpr std::size_t kPeerBuffer = std::size_t{4} << 20;
constexpr auto kTick = std::chrono::seconds(1);

// A line break in the data begins a new line of the event; JSON has none but between its tokens.
std::string event(std::string_view name, std::string_view data) {
  auto out = fmt::format("event: {}\ndata: ", name);
  for (const char c : data) {
    if (c == '\r') continue;
    out += c;
    if (c == '\n') out += "data: ";
  }
  return out + "\n\n";
}

// The other way round: name and data of a block between empty lines.
std::pair<std::string_view, std::string> parse_event(std::string_view block) {
  std::string_view name;
  std::string data;
  while (!block.empty()) {
    const auto end = block.find('\n');
    const auto line = block.substr(0, end);
    if (line.starts_with("event: ")) name = line.substr(7);
    if (line.starts_with("data: ")) data.append(data.empty() ? "" : "\n").append(line.substr(6));
    if (end == std::string_view::npos) break;
    block.remove_prefix(end + 1);
  }
  return {name, std::move(data)};
}

std::optional<group::Cause> cause_named(std::string_view name) {
  for (std::size_t i = 0; i < group::kCauses; ++i) {
    if (group::cause_name(static_cast<group::Cause>(i)) == name) return static_cast<group::Cause>(i);
  }
  return std::nullopt;
}

}  // namespace

EventHub::EventHub(const ApiParts& parts, group::RecentOutcomes& recent, OutcomeWaits& waits, InstanceViews& instances)
    : parts_(parts), recent_(recent), waits_(waits), instances_(instances), timer_(parts.io) {}

EventHub::~EventHub() { recent_.disarm(); }

void EventHub::events(const Target& target, const HttpCall& call, const ExchangePtr& exchange) {
  if (clients_.size() >= kMostClients) {
    auto reply = problem(429, fmt::format("{} clients follow the events here already", kMostClients));
    reply.headers.emplace_back("Retry-After", "5");
    return exchange->send(std::move(reply));
  }
  Client client;
  client.hop = call.hop;
  client.rate = kMostRate;
  if (const auto rate = target.parameter("rate"); !rate.empty()) {
    const auto number = parse_integer(rate);
    if (!number.ok() || number.value() < 0 || number.value() > static_cast<std::int64_t>(kMostRate)) {
      return exchange->send(problem(400, fmt::format("rate: outcomes a second, from 0 to {}", kMostRate)));
    }
    client.rate = static_cast<std::size_t>(number.value());
  }
  const auto view = target.parameter("view");
  if (!view.empty() && view != "summary" && view != "full")
    return exchange->send(problem(400, "view: full or summary"));
  client.summary = view == "summary";
  if (const auto label = target.parameter("label"); !label.empty()) {
    const auto colon = label.find(':');
    if (colon == std::string_view::npos) return exchange->send(problem(400, "label: NAME:VALUE"));
    client.label.emplace(label.substr(0, colon), label.substr(colon + 1));
  }
  client.left = client.rate;
  client.stream = exchange->stream({200, "text/event-stream", {}, {}});
  client.stream->write(client.hop ? event("instance", instances_.own()) : instances_event());
  clients_.push_back(std::move(client));
  listen();
  if (!ticking_) schedule_tick();
  if (!call.hop) follow_peers();
}

void EventHub::listen() {
  if (cursor_) return;
  cursor_ = recent_.end();
  wake();
}

void EventHub::wake() {
  recent_.arm([this, weak = std::weak_ptr(alive_)] {
    boost::asio::post(parts_.io, [this, weak] {
      if (!weak.expired()) drain();
    });
  });
}

void EventHub::drain() {
  if (!cursor_) return;
  if (clients_.empty() && !waits_.any()) {
    cursor_.reset();
    return recent_.disarm();
  }
  bool lost = false;
  const bool more = recent_.read(*cursor_, kDrainedAtOnce, lost, [this](const group::RecentOutcome& outcome) {
    waits_.resolved(outcome);
    tell(outcome, true);
  });
  if (lost) waits_.look_again();
  if (!more) wake();
  // What came between the reading and the arming wakes nobody, so look once more.
  const auto end = recent_.end();
  if (more || end.chunk != cursor_->chunk || end.offset != cursor_->offset) {
    boost::asio::post(parts_.io, [this, weak = std::weak_ptr(alive_)] {
      if (!weak.expired()) drain();
    });
  }
}

void EventHub::tell(const group::RecentOutcome& outcome, bool own) {
  std::string full, summary;
  for (auto& client : clients_) {
    if (client.hop && !own) continue;
    if (client.label && !group::has_label(labels_of(outcome.json), client.label->first, client.label->second)) continue;
    if (client.left == 0) {
      ++client.dropped;
      continue;
    }
    std::string& text = client.summary ? summary : full;
    if (text.empty()) {
      text = event("outcome", client.summary ? resolved_summary(outcome, parts_.placement.home_of(outcome.id))
                                             : std::string(outcome.json));
    }
    --client.left;
    if (!client.stream->write(text)) ++client.dropped;
  }
}

void EventHub::schedule_tick() {
  ticking_ = true;
  timer_.expires_after(kTick);
  timer_.async_wait([this, weak = std::weak_ptr(alive_)](boost::system::error_code error) {
    if (!error && !weak.expired()) tick();
  });
}

void EventHub::tick() {
  clients_.remove_if([](const Client& client) { return client.stream->gone(); });
  const bool outside = std::any_of(clients_.begin(), clients_.end(), [](const Client& c) { return !c.hop; });
  if (!outside) peers_.clear();
  if (clients_.empty()) {
    ticking_ = false;
    return;
  }
  if (outside) follow_peers();
  const auto own = event("instance", instances_.own());
  const auto all = outside ? instances_event() : std::string{};
  for (auto& client : clients_) {
    client.left = client.rate;
    if (client.dropped > 0 &&
        client.stream->write(event("dropped", fmt::format(R"({{"outcomes":{}}})", client.dropped)))) {
      client.dropped = 0;
    }
    // The figures go stale at once: a client that is behind gets the next ones.
    if (client.stream->waiting() == 0) client.stream->write(client.hop ? own : all);
  }
  schedule_tick();
}

std::string EventHub::instances_event() {
  std::vector<std::string> all{instances_.own()};
  for (const auto& member : parts_.placement.members()) {
    if (member.self) continue;
    const auto peer = peers_.find(member.http);
    const bool heard = peer != peers_.end() && !peer->second.ended && !peer->second.instance.empty();
    all.push_back(heard ? peer->second.instance : InstanceViews::hearsay(member, "it has not answered yet"));
  }
  return event("instances", instances_.document(all));
}

void EventHub::follow_peers() {
  std::map<std::string, Peer> kept;
  for (const auto& member : parts_.placement.members()) {
    if (member.self || member.http.empty()) continue;
    auto known = peers_.extract(member.http);
    if (!known.empty() && !known.mapped().ended) {
      kept.insert(std::move(known));
      continue;
    }
    kept[member.http];
  }
  peers_ = std::move(kept);
  for (auto& [base, peer] : peers_) {
    if (peer.subscription) continue;
    peer.subscription = parts_.peers.subscribe({base, "/v1/events"},
                                               [this, base = base](std::string_view bytes) { on_peer(base, bytes); });
  }
}

void EventHub::on_peer(const std::string& base, std::string_view bytes) {
  const auto found = peers_.find(base);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  if (bytes.empty() || peer.buffer.size() + bytes.size() > kPeerBuffer) {
    peer.ended = true;  // begun anew with the next tick
    return;
  }
  peer.buffer += bytes;
  std::size_t begin = 0;
  for (auto end = peer.buffer.find("\n\n"); end != std::string::npos; end = peer.buffer.find("\n\n", begin)) {
    on_peer_event(peer, std::string_view(peer.buffer).substr(begin, end - begin));
    begin = end + 2;
  }
  peer.buffer.erase(0, begin);
}

void EventHub::on_peer_event(Peer& peer, std::string_view block) {
  auto [name, data] = parse_event(block);
  if (name == "instance") {
    peer.instance = std::move(data);
  } else if (name == "outcome") {
    const auto members = json_members(data);
    if (!members) return;
    const auto text = [&](const char* member) {
      const auto found = members->find(member);
      return found == members->end() ? std::nullopt : json_text(found->second);
    };
    const auto id = text("id");
    if (!id) return;
    group::RecentOutcome outcome;
    outcome.id = *id;
    outcome.json = data;
    if (const auto cause = text("cause")) outcome.cause = cause_named(*cause);
    if (const auto resolved = text("resolved")) {
      if (const auto time = parse_time(*resolved); time.ok()) outcome.resolved = time.value();
    }
    tell(outcome, false);
  }
}

}  // namespace ebc::app
