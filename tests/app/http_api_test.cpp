// The API over real connections: two instances that share four homes, with rows put where an engine would put them.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "app/command_json.h"
#include "app/http/api.h"
#include "app/http/endpoints.h"
#include "app/http/server.h"
#include "processor/group/row_codec.h"
#include "state/memory_store.h"
#include "tests/app/loopback_client.h"
#include "topology/murmur2.h"

namespace ebc::app {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr int kHomes = 4;
constexpr int kWorkers = 2;
constexpr int kTasksWaiting = 100;

struct FakePlacement final : Placement {
  int homes() const override { return kHomes; }
  Partition home_of(std::string_view group) const override { return topology::home_of(group, kHomes); }
  std::vector<Member> members() const override {
    const std::lock_guard lock(mutex);
    std::vector<Member> all{{.id = id, .http = "http://self", .version = "1", .homes = own, .self = true}};
    if (!peer.empty()) all.push_back({.id = "peer", .http = peer, .version = "1", .homes = peers_homes});
    return all;
  }
  std::optional<Member> owner_of(Partition home) const override {
    const std::lock_guard lock(mutex);
    if (std::ranges::count(peers_homes, home) == 0 || peer.empty()) return std::nullopt;
    return Member{.id = "peer", .http = peer, .homes = peers_homes};
  }
  std::shared_ptr<const state::CommittedStore> store(Partition home) const override {
    const std::lock_guard lock(mutex);
    return std::ranges::count(own, home) > 0 ? stores[static_cast<std::size_t>(home)] : nullptr;
  }
  Timestamp clock_of(Partition) const override { return timestamp_from_ms(1'000); }
  std::vector<Partition> own_homes() const override {
    const std::lock_guard lock(mutex);
    return own;
  }
  std::string why_homeless(Partition) const override { return "nobody runs it"; }

  void hold(std::vector<Partition> homes) {
    const std::lock_guard lock(mutex);
    own = std::move(homes);
  }
  void say_of_peer(std::string base, std::vector<Partition> homes) {
    const std::lock_guard lock(mutex);
    peer = std::move(base);
    peers_homes = std::move(homes);
  }

  mutable std::mutex mutex;
  std::string id, peer;  // guarded by mutex, as the line below; the stores are set before they are served
  std::vector<Partition> own, peers_homes;
  std::vector<std::shared_ptr<state::MemoryStore>> stores;
};

class Node {
 public:
  Node(std::string id, std::vector<Partition> homes)
      : server_({}, [this](const HttpCall& call, const ExchangePtr& exchange) { endpoints_.handle(call, exchange); }),
        workers_(kWorkers, kTasksWaiting),
        peers_(server_.io(), ""),
        api_({server_.io(), workers_, placement_, recent_, peers_}, recent_,
             {.sources = {.snapshot = [] { return topology::EngineSnapshot{}; },
                          .stats = std::make_shared<group::StatsRegistry>(),
                          .application = {"app", "in", "out", "exactly-once"}},
              .groups = {},
              .bus = {.brokers = "127.0.0.1:1", .topic = "in", .output_topic = "out", .kafka = {}, .timeout = {}},
              .dead_letter_topic = "dead",
              .options = {.options = {{"topic", "in-" + id, "--topic"}}, .kafka = {}}}),
        endpoints_(
            [id] {
              topology::EngineSnapshot snapshot;
              snapshot.instance_id = id;
              return snapshot;
            },
            AccessRule("", true, false), {},
            [this](const Target& target, const HttpCall& call, const ExchangePtr& exchange) {
              api_.handle(target, call, exchange);
            }) {
    placement_.id = std::move(id);
    placement_.hold(std::move(homes));
    for (int home = 0; home < kHomes; ++home) placement_.stores.push_back(std::make_shared<state::MemoryStore>());
    EXPECT_TRUE(server_.start("127.0.0.1", 0).ok());
  }
  ~Node() { stop(); }

  void stop() {
    server_.stop();
    workers_.stop();
  }

  std::string base() const { return fmt::format("http://127.0.0.1:{}", server_.port()); }
  FakePlacement& placement() { return placement_; }
  WorkerPool& workers() { return workers_; }

  void open(const std::string& id, Timestamp deadline = timestamp_from_ms(60'000), Offset origin = 7) {
    group::Group group;
    group.deadline = deadline;
    group.ttl = "60";
    group.policy = group::Policy::all();
    group.origin.offset = origin;
    group.counts.expected = 1;
    group.envelope.payload = "null";
    group.entities.append("x");
    std::string key, row, timer;
    group::head_key(id, key);
    group::encode_group(group, row);
    group::timer_key(deadline, group::TimerKind::Deadline, id, 0, timer);
    const std::vector<state::Write> writes{{key, row}, {timer, ""}};
    EXPECT_TRUE(store_of(id).apply(writes, 1).ok());
  }
  void close(const std::string& id) {
    std::string key;
    group::head_key(id, key);
    const std::vector<state::Write> writes{{key, std::nullopt}};
    EXPECT_TRUE(store_of(id).apply(writes, 2).ok());
  }
  void resolve(const std::string& id, const std::string& json, Offset origin = 7) {
    group::OutcomeBatch batch;
    batch.add(
        {.id = id, .json = json, .cause = std::nullopt, .resolved = timestamp_from_ms(5'000), .origin_offset = origin});
    recent_.publish(batch);
  }

  std::string ask(const std::string& method, const std::string& target, const std::string& headers = "",
                  const std::string& body = "") {
    LoopbackClient client(server_.port());
    client.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}{}\r\n{}", method, target,
                            headers, body.empty() ? "" : fmt::format("Content-Length: {}\r\n", body.size()), body));
    return client.read_all();
  }
  std::string get(const std::string& target, const std::string& headers = "") { return ask("GET", target, headers); }

 private:
  state::MemoryStore& store_of(const std::string& id) {
    return *placement_.stores[static_cast<std::size_t>(topology::home_of(id, kHomes))];
  }

  FakePlacement placement_;
  group::RecentOutcomes recent_{1'000'000};
  HttpServer server_;
  WorkerPool workers_;
  PeerClient peers_;
  Api api_;
  Endpoints endpoints_;
};

// An id whose home is `home`.
std::string id_in(Partition home, int which = 0) {
  for (int i = 0;; ++i) {
    auto id = fmt::format("g{}", i);
    if (topology::home_of(id, kHomes) == home && which-- == 0) return id;
  }
}

class HttpApiTest : public testing::Test {
 protected:
  HttpApiTest() {
    here_.placement().say_of_peer(there_.base(), {2, 3});
    there_.placement().say_of_peer(here_.base(), {0, 1});
  }

  Node here_{"here", {0, 1}}, there_{"there", {2, 3}};
};

TEST_F(HttpApiTest, AnswersForAGroupWhicheverInstanceIsAsked) {
  const auto mine = id_in(0), theirs = id_in(3);
  here_.open(mine);
  there_.open(theirs);
  for (auto* node : {&here_, &there_}) {
    for (const auto& id : {mine, theirs}) {
      EXPECT_THAT(node->get("/v1/groups/" + id),
                  AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(fmt::format("\"id\":\"{}\"", id)),
                        HasSubstr("\"missing\":[\"x\"]")));
    }
    EXPECT_THAT(node->get("/v1/groups/" + id_in(1, 5)), StartsWith("HTTP/1.1 404"));
    EXPECT_THAT(node->get("/v1/groups/" + id_in(2, 5)), StartsWith("HTTP/1.1 404"));
  }
}

TEST_F(HttpApiTest, SaysThatAHomeMovesInsteadOfGuessing) {
  const auto theirs = id_in(3);
  here_.placement().say_of_peer(there_.base(), {2});
  EXPECT_THAT(here_.get("/v1/groups/" + theirs),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("home 3 moves"), HasSubstr("Retry-After: 1")));
  // Two instances that each take the other for the owner: one hop, then the truth.
  here_.placement().say_of_peer(there_.base(), {3});
  there_.placement().hold({2});
  there_.placement().say_of_peer(here_.base(), {3});
  EXPECT_THAT(here_.get("/v1/groups/" + theirs), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("home 3 moves")));
  // The owner is dead, and nobody knows yet.
  there_.stop();
  EXPECT_THAT(here_.get("/v1/groups/" + theirs), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("doesn't answer")));
}

TEST_F(HttpApiTest, TakesNoWordFromWhatIsNoInstance) {
  HttpServer stranger({}, [](const HttpCall&, const ExchangePtr& exchange) {
    exchange->send({200, "application/json", "{\"state\":\"open\"}"});
  });
  ASSERT_TRUE(stranger.start("127.0.0.1", 0).ok());
  here_.placement().say_of_peer(fmt::format("http://127.0.0.1:{}", stranger.port()), {2, 3});
  EXPECT_THAT(here_.get("/v1/groups/" + id_in(3)), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("no instance of")));
}

TEST_F(HttpApiTest, ListsTheOpenGroupsOfAllInstancesPageByPage) {
  std::set<std::string> all;
  for (int home = 0; home < kHomes; ++home) {
    for (int i = 0; i < 5; ++i) {
      const auto id = id_in(home, i);
      (home < 2 ? here_ : there_).open(id, timestamp_from_ms(1'000 + 10 * i + home));
      all.insert(id);
    }
  }
  for (const auto order : {"id", "deadline"}) {
    std::set<std::string> seen;
    std::string after;
    for (int pages = 0; pages < 20; ++pages) {
      const auto reply = here_.get(fmt::format("/v1/groups?limit=3&order={}{}", order, after));
      EXPECT_THAT(reply, Not(HasSubstr("incomplete")));
      for (const auto& id : all) {
        if (reply.find(fmt::format("\"id\":\"{}\"", id)) != std::string::npos) {
          EXPECT_TRUE(seen.insert(id).second) << id;
        }
      }
      const auto next = reply.find("\"next\":\"");
      if (next == std::string::npos) break;
      after = "&after=" + reply.substr(next + 8, reply.find('"', next + 8) - next - 8);
    }
    EXPECT_EQ(seen, all) << order;
  }
}

TEST_F(HttpApiTest, SaysWhichHomesAListLacks) {
  here_.open(id_in(0));
  there_.stop();
  EXPECT_THAT(here_.get("/v1/groups"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("incomplete":{"homes":[2,3])")));
}

TEST_F(HttpApiTest, RefusesWrongParameters) {
  for (const auto query :
       {"state=x", "limit=0", "limit=1001", "limit=x", "order=x", "label=x", "older=x", "after=0g"}) {
    EXPECT_THAT(here_.get(fmt::format("/v1/groups?{}", query)), StartsWith("HTTP/1.1 400")) << query;
  }
  EXPECT_THAT(here_.get("/v1/groups/" + std::string(600, 'x')), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(here_.get("/v1/groups/"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(here_.get("/v1/groups/a/outcome?wait=x"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(here_.get("/v1/events?rate=x"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(here_.get("/v1/dead-letters?limit=0"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(here_.get("/v1/nothing"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(here_.get("/v1/groups/a/b"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(here_.ask("PUT", "/v1/groups/a"),
              AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD, PATCH, DELETE")));
}

TEST_F(HttpApiTest, GivesTheConfigurationOfTheInstanceThatIsNamed) {
  for (const auto query : {"", "?instance=here"}) {
    EXPECT_THAT(here_.get(fmt::format("/v1/config{}", query)),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"("instance":"here")"), HasSubstr("in-here")))
        << query;
  }
  EXPECT_THAT(here_.get("/v1/config?instance=peer"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("in-there")));
  EXPECT_THAT(here_.get("/v1/config?instance=nobody"), StartsWith("HTTP/1.1 404"));
  there_.stop();
  EXPECT_THAT(here_.get("/v1/config?instance=peer"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("doesn't answer")));
  EXPECT_THAT(here_.ask("POST", "/v1/config"), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD")));
}

TEST_F(HttpApiTest, GivesTheOutcomeAtOnceWhenItIsKnown) {
  const auto theirs = id_in(2);
  there_.resolve(theirs, R"({"type":"EventGroupCollectorSuccess"})");
  EXPECT_THAT(here_.get(fmt::format("/v1/groups/{}/outcome", theirs)),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("EventGroupCollectorSuccess")));
  EXPECT_THAT(here_.get("/v1/groups/" + theirs),
              AllOf(HasSubstr(R"("state":"success")"), HasSubstr("EventGroupCollectorSuccess")));
  EXPECT_THAT(here_.get(fmt::format("/v1/groups/{}/outcome", id_in(2, 3))), StartsWith("HTTP/1.1 404"));
}

TEST_F(HttpApiTest, WaitsForTheOutcomeOfAGroupThatIsOpenOrNotYetSeen) {
  for (const bool opened : {true, false}) {
    for (auto* asked : {&here_, &there_}) {
      const auto id = id_in(2, (opened ? 4 : 5) + (asked == &here_ ? 10 : 20));
      if (opened) there_.open(id);
      std::thread resolver([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        there_.resolve(id, R"({"the":"outcome"})");
      });
      EXPECT_THAT(asked->get(fmt::format("/v1/groups/{}/outcome?wait=20s", id)),
                  AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(R"({"the":"outcome"})")));
      resolver.join();
    }
  }
}

TEST_F(HttpApiTest, SaysWhenTheWaitIsOverWhetherTheGroupIsOpen) {
  const auto id = id_in(2);
  there_.open(id);
  EXPECT_THAT(here_.get(fmt::format("/v1/groups/{}/outcome?wait=100ms", id)), StartsWith("HTTP/1.1 204"));
  EXPECT_THAT(here_.get(fmt::format("/v1/groups/{}/outcome?wait=100ms", id_in(2, 3))), StartsWith("HTTP/1.1 404"));
}

TEST_F(HttpApiTest, TakesABoundedNumberOfWaitsAndStreamsAndSaysSo) {
  const auto port = static_cast<std::uint16_t>(std::stoi(here_.base().substr(17)));
  const auto ask = [](LoopbackClient& client, const std::string& target) {
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", target));
  };
  const std::string wait = fmt::format("/v1/groups/{}/outcome?wait=20s", id_in(0));
  std::deque<LoopbackClient> waiting, following;
  for (int i = 0; i < 256; ++i) ask(waiting.emplace_back(port), wait);
  // A whole call behind them: they have their places, and those that follow can't take one from them.
  EXPECT_THAT(here_.get("/v1/nothing"), StartsWith("HTTP/1.1 404")) << "others are served";
  std::string refused;
  for (int i = 0; i < 100 && !refused.starts_with("HTTP/1.1 429"); ++i) {
    refused = here_.get(fmt::format("/v1/groups/{}/outcome?wait=10ms", id_in(0)));
  }
  EXPECT_THAT(refused, AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("256 calls wait"), HasSubstr("Retry-After")));
  here_.resolve(id_in(0), R"({"the":"outcome"})");
  for (auto& client : waiting) EXPECT_THAT(client.read_until("outcome\"}"), StartsWith("HTTP/1.1 200"));

  for (int i = 0; i < 32; ++i) {
    ask(following.emplace_back(port), "/v1/events");
    EXPECT_THAT(following.back().read_until("event: instances"), StartsWith("HTTP/1.1 200"));
  }
  EXPECT_THAT(here_.get("/v1/events"),
              AllOf(StartsWith("HTTP/1.1 429"), HasSubstr("32 clients follow"), HasSubstr("Retry-After")));
}

TEST_F(HttpApiTest, KeepsAWaitThatItHasNoTimeToLookInto) {
  std::promise<void> gate;
  const auto opened = gate.get_future().share();
  const auto held = std::make_shared<std::atomic<int>>(0);
  const auto hold = [held, opened] { ++*held, opened.wait(); };
  // Full for good only once no worker takes one out any more.
  for (int i = 0; i < kWorkers; ++i) ASSERT_TRUE(here_.workers().post(hold));
  while (*held < kWorkers) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  while (here_.workers().post(hold)) {
  }
  LoopbackClient client(static_cast<std::uint16_t>(std::stoi(here_.base().substr(17))));
  client.send(fmt::format("GET /v1/groups/{}/outcome?wait=20s HTTP/1.1\r\nHost: localhost\r\n\r\n", id_in(0)));
  EXPECT_THAT(here_.get("/v1/groups"), StartsWith("HTTP/1.1 503")) << "nobody looks, and who doesn't wait hears so";
  gate.set_value();
  here_.resolve(id_in(0), R"({"the":"outcome"})");
  EXPECT_THAT(client.read_until("outcome\"}"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpApiTest, DoesntTakeTheOutcomeOfAnEarlierGroupOfTheSameId) {
  const auto id = id_in(0);
  here_.resolve(id, R"({"the":"first"})", 3);
  here_.open(id, timestamp_from_ms(60'000), 9);
  EXPECT_THAT(here_.get("/v1/groups/" + id), HasSubstr(R"("state":"open")"));
  EXPECT_THAT(here_.get(fmt::format("/v1/groups/{}/outcome", id)), StartsWith("HTTP/1.1 204"));
  // Remembered before the store forgets the group: it is the outcome of this one.
  here_.resolve(id, R"({"the":"second"})", 9);
  EXPECT_THAT(here_.get(fmt::format("/v1/groups/{}/outcome", id)), HasSubstr(R"({"the":"second"})"));
}

TEST_F(HttpApiTest, EndsAWaitWithTheTruthWhenTheHomeMovesAway) {
  const auto id = id_in(0);
  here_.open(id);
  std::thread mover([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    here_.placement().hold({1});
  });
  EXPECT_THAT(here_.get(fmt::format("/v1/groups/{}/outcome?wait=2s", id)), StartsWith("HTTP/1.1 503"));
  mover.join();
}

TEST_F(HttpApiTest, ListsWhatWasResolvedLately) {
  here_.resolve(id_in(0), R"({"id":"x","labels":{"team":"a"},"results":{}})");
  there_.resolve(id_in(2), R"({"id":"x","labels":{"team":"b"}})");
  EXPECT_THAT(here_.get("/v1/groups?state=resolved"),
              AllOf(HasSubstr(id_in(0)), HasSubstr(id_in(2)), Not(HasSubstr("results"))));
  EXPECT_THAT(here_.get("/v1/groups?state=success&label=team:b"),
              AllOf(Not(HasSubstr("\"" + id_in(0) + "\"")), HasSubstr(id_in(2))));
  EXPECT_THAT(here_.get("/v1/groups?state=failure"), HasSubstr(R"("groups":[])"));
}

TEST_F(HttpApiTest, TellsOfAllInstances) {
  const auto reply = here_.get("/v1/instances");
  EXPECT_THAT(reply, AllOf(HasSubstr(R"("id":"here")"), HasSubstr(R"("id":"there")"), HasSubstr(R"("homes":4)")));
  there_.stop();
  EXPECT_THAT(here_.get("/v1/instances"), AllOf(HasSubstr(R"("id":"peer")"), HasSubstr(R"("reachable":false)")));
}

TEST_F(HttpApiTest, StreamsTheOutcomesOfAllInstances) {
  LoopbackClient client(static_cast<std::uint16_t>(std::stoi(here_.base().substr(17))));
  client.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_until("event: instances"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("text/event-stream")));
  here_.resolve(id_in(0), "{\"id\":\"own\",\n\"x\":1}");
  EXPECT_THAT(client.read_until("\"x\":1}"), HasSubstr("event: outcome\ndata: {\"id\":\"own\",\ndata: \"x\":1}"));
  std::atomic<bool> seen = false;
  std::thread resolver([&] {
    // The subscription to the other instance may still be on its way.
    for (int i = 0; i < 200 && !seen.load(); ++i) {
      there_.resolve("other", R"({"id":"other"})");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  EXPECT_THAT(client.read_until(R"({"id":"other"})"), HasSubstr(R"(data: {"id":"other"})"));
  seen.store(true);
  resolver.join();
}

TEST_F(HttpApiTest, ChecksACommandBeforeItIsSent) {
  const auto json = "Content-Type: application/json\r\n";
  const auto post = [&](const std::string& body, const std::string& headers) {
    return here_.ask("POST", "/v1/groups", headers, body);
  };
  EXPECT_THAT(post(R"({"expected":["a"]})", ""), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(post(R"({"expected":["a"]})", "Content-Type: text/plain\r\n"), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(post("", json), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(post("[]", json), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(post("{\"expected\":[\"a\"]} x", json), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(post(R"({"expected":"a"})", json), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("invalid-create")));
  EXPECT_THAT(post(R"({"expected":["a"],"ttl":1e99})", json), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(post(R"({"id":7,"expected":["a"]})", json), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(post(R"({"type":"EventGroupCollectorCancel","group":"x"})", json), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(here_.ask("POST", "/v1/groups/g/entities/e", json, R"({"id":"other"})"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("given by the path")));
  EXPECT_THAT(here_.ask("PATCH", "/v1/groups/g", json, R"({"add":[1]})"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("invalid-update")));
  EXPECT_THAT(here_.ask("PATCH", "/v1/groups/g", json), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(here_.ask("DELETE", "/v1/groups/g", json, R"({"reason":1})"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("invalid-cancel")));
}

TEST_F(HttpApiTest, SaysThatKafkaIsNotThere) {
  EXPECT_THAT(here_.ask("DELETE", "/v1/groups/g"),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Kafka did not acknowledge")));
}

}  // namespace
}  // namespace ebc::app
