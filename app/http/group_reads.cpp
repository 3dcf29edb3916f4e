#include "app/http/group_reads.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <deque>
#include <set>

#include "app/command_json.h"
#include "app/http/json_pick.h"
#include "app/options/values.h"
#include "processor/api/clock.h"

namespace ebc::app {
namespace {

constexpr std::int64_t kMostListed = 1'000;

HttpReply unknown_group(std::string_view id) {
  return problem(404, fmt::format("group {} is neither open nor among the outcomes remembered", id));
}

HttpReply read_failed(const Status& status) { return unavailable(status.message()); }

/// On a worker. The store first: an outcome is remembered before the store forgets the group.
HttpReply read_one(const ApiParts& parts, const std::string& id, Partition home,
                   std::shared_ptr<const state::CommittedStore> store) {
  const CommittedRows rows(std::move(store));
  auto view = group::read_group(rows, id);
  if (!view.ok()) return read_failed(view.status());
  using Kind = group::GroupView::Kind;
  if (view->kind == Kind::Unknown || view->kind == Kind::Resolved) {
    if (const auto outcome = parts.recent.find(id)) return json_reply(resolved_view(id, *outcome, home));
    if (view->kind == Kind::Unknown) return unknown_group(id);
  }
  std::string json;
  group::encode_view(id, *view, home, parts.placement.clock_of(home), json);
  return json_reply(std::move(json));
}

std::optional<std::string> hex_or_empty(std::string_view text) {
  return text.empty() ? std::optional<std::string>{""} : from_hex(text);
}

std::string join_numbers(const std::set<Partition>& numbers) { return fmt::format("[{}]", fmt::join(numbers, ",")); }

}  // namespace

void GroupReads::one(const std::string& id, const HttpCall& call, const ExchangePtr& exchange) {
  const Partition home = parts_.placement.home_of(id);
  auto where = find_home(parts_.placement, home, call.hop);
  if (where.store) {
    return on_worker(parts_.workers, exchange, [this, id, home, store = std::move(where.store), exchange]() mutable {
      auto reply = read_one(parts_, id, home, std::move(store));
      // Lost in the middle of reading: what was read may be old by now.
      if (parts_.placement.store(home) == nullptr) reply = unavailable(fmt::format("home {} moves", home));
      exchange->send(std::move(reply));
    });
  }
  if (where.base.empty()) return exchange->send(unavailable(where.why));
  parts_.peers.get({where.base, call.target},
                   [exchange](Result<PeerReply> result) { exchange->send(passed_on(std::move(result))); });
}

std::optional<HttpReply> GroupReads::parse_list(const Target& target, Timestamp now, ListQuery& query) {
  const auto state = target.parameter("state");
  if (!state.empty() && state != "open") {
    query.resolved = true;
    if (state == "success")
      query.kind = ResolvedKind::Success;
    else if (state == "failure")
      query.kind = ResolvedKind::Failure;
    else if (state != "resolved")
      return problem(400, "state: open, resolved, success or failure");
  }
  const auto order = target.parameter("order");
  if (order == "deadline")
    query.page.order = group::GroupOrder::Deadline;
  else if (!order.empty() && order != "id")
    return problem(400, "order: id or deadline");
  if (const auto limit = target.parameter("limit"); !limit.empty()) {
    const auto number = parse_integer(limit);
    if (!number.ok() || number.value() < 1 || number.value() > kMostListed) {
      return problem(400, fmt::format("limit: a number from 1 to {}", kMostListed));
    }
    query.page.limit = static_cast<std::size_t>(number.value());
  }
  if (const auto label = target.parameter("label"); !label.empty()) {
    const auto colon = label.find(':');
    if (colon == std::string_view::npos) return problem(400, "label: NAME:VALUE");
    query.page.label.emplace(label.substr(0, colon), label.substr(colon + 1));
  }
  if (const auto older = target.parameter("older"); !older.empty()) {
    const auto age = parse_wait(older);
    if (!age) return problem(400, "older: a time like 30s or 5min");
    query.page.created_before = now - *age;
  }
  auto after = hex_or_empty(target.parameter("after"));
  if (!after) return problem(400, "after: what an earlier page gave as next");
  query.page.after = std::move(*after);
  return std::nullopt;
}

group::OpenPage GroupReads::own_page(const ListQuery& query) const {
  if (query.resolved) {
    return {recent_page(parts_.recent, query.kind, query.page,
                        [this](std::string_view id) { return parts_.placement.home_of(id); }),
            parts_.placement.own_homes()};
  }
  std::deque<CommittedRows> rows;
  std::deque<std::shared_ptr<group::DeadlineFloor>> floors;
  std::vector<group::HomeRows> homes;
  for (const Partition home : parts_.placement.own_homes()) {
    auto store = parts_.placement.store(home);
    if (store == nullptr) continue;
    auto& floor = floors.emplace_back(parts_.floors != nullptr ? parts_.floors->of(home) : nullptr);
    homes.push_back({home, &rows.emplace_back(std::move(store)), floor.get()});
  }
  auto list = group::open_groups(homes, query.page);
  // Lost in the middle of reading: what was read may be old by now.
  std::erase_if(list.homes, [this](Partition home) { return parts_.placement.store(home) == nullptr; });
  return list;
}

/// One list under way: our page, and those of the others as they come. The HTTP thread.
struct GroupReads::Gathering {
  ExchangePtr exchange;
  ListQuery query;
  bool hop = false;
  int all_homes = 0;
  std::vector<group::Page> pages;
  std::set<Partition> homes;  ///< that the pages speak for
  std::vector<std::string> troubles;
  std::size_t pending = 0;

  void refuse(std::string why) { troubles.push_back(std::move(why)); }

  void add(const PeerReply& reply) {
    const auto members = json_members(reply.body);
    if (reply.status != 200 || !members) return refuse("an instance gave no list");
    const auto part = [&](const char* name) {
      const auto found = members->find(name);
      return found == members->end() ? std::string_view{"[]"} : found->second;
    };
    const auto groups = json_elements(part("groups")), keys = json_elements(part("keys"));
    const auto its_homes = json_elements(part("homes"));
    if (!groups || !keys || !its_homes || groups->size() != keys->size()) {
      return refuse("an instance gave a list that can't be read");
    }
    group::Page page;
    for (std::size_t i = 0; i < groups->size(); ++i) {
      const auto key = json_text((*keys)[i]);
      const auto bytes = key ? from_hex(*key) : std::nullopt;
      if (bytes) page.items.push_back({*bytes, std::string((*groups)[i])});
    }
    if (const auto next = json_text(part("next"))) page.next = from_hex(*next);
    pages.push_back(std::move(page));
    for (const auto home : *its_homes) {
      if (const auto number = parse_integer(home); number.ok()) homes.insert(static_cast<Partition>(number.value()));
    }
  }
};

void GroupReads::list(const Target& target, const HttpCall& call, const ExchangePtr& exchange) {
  auto gathering = std::make_shared<Gathering>();
  gathering->exchange = exchange;
  gathering->hop = call.hop;
  gathering->all_homes = parts_.placement.homes();
  if (auto wrong = parse_list(target, SystemClock{}.now(), gathering->query)) return exchange->send(std::move(*wrong));
  on_worker(parts_.workers, exchange, [this, gathering, target = call.target] {
    boost::asio::post(parts_.io, [this, gathering, target, own = own_page(gathering->query)]() mutable {
      gathering->pages.push_back(std::move(own.page));
      gathering->homes.insert(own.homes.begin(), own.homes.end());
      gather(gathering, target);
    });
  });
}

void GroupReads::gather(const std::shared_ptr<Gathering>& gathering, const std::string& target) {
  if (gathering->hop) return finish(*gathering);
  std::vector<std::string> bases;
  for (const auto& member : parts_.placement.members()) {
    if (!member.self && !member.http.empty()) bases.push_back(member.http);
  }
  gathering->pending = bases.size();
  if (bases.empty()) return finish(*gathering);
  for (const auto& base : bases) {
    parts_.peers.get({base, target}, [gathering](Result<PeerReply> result) {
      if (result.ok())
        gathering->add(*result);
      else
        gathering->troubles.push_back(result.status().message());
      if (--gathering->pending == 0) finish(*gathering);
    });
  }
}

void GroupReads::finish(Gathering& gathering) {
  const auto page = group::merge(std::move(gathering.pages), gathering.query.page.limit);
  std::string body = R"({"groups":[)";
  for (const auto& item : page.items) {
    if (body.back() != '[') body += ',';
    body += item.json;
  }
  body += ']';
  if (gathering.hop) {
    body += R"(,"keys":[)";
    for (const auto& item : page.items)
      body += fmt::format("{}\"{}\"", body.back() == '[' ? "" : ",", to_hex(item.key));
    body += fmt::format(R"(],"homes":{})", join_numbers(gathering.homes));
  }
  if (page.next) body += fmt::format(R"(,"next":"{}")", to_hex(*page.next));
  std::set<Partition> absent;
  for (Partition home = 0; home < gathering.all_homes; ++home) {
    if (!gathering.homes.contains(home)) absent.insert(home);
  }
  if (!gathering.hop && !absent.empty()) {
    const auto why =
        gathering.troubles.empty() ? std::string("they move") : fmt::format("{}", fmt::join(gathering.troubles, "; "));
    body += fmt::format(R"(,"incomplete":{{"homes":{},"reason":{}}})", join_numbers(absent), json_string(why));
  }
  gathering.exchange->send(json_reply(body + '}'));
}

}  // namespace ebc::app
