#include "app/http/instance_views.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "app/command_json.h"
#include "processor/api/clock.h"
#include "processor/group/rfc3339.h"
#include "processor/group/row_codec.h"

namespace ebc::app {
namespace {

constexpr auto kGlanceAge = std::chrono::seconds(5);
/// Open groups looked at for the oldest one, all homes together.
constexpr std::size_t kGlanceRows = 20'000;

std::string time_json(Timestamp time) {
  std::string out = "\"";
  group::append_rfc3339(time, out);
  return out + '"';
}

std::string numbers(const std::vector<Partition>& values) { return fmt::format("[{}]", fmt::join(values, ",")); }

std::string homes_json(const std::vector<HomeStatus>& homes) {
  std::string out = "[";
  for (const auto& home : homes) {
    if (out.size() > 1) out += ',';
    out += fmt::format(R"({{"home":{},"state":"{}","inputLag":{},"restored":{},"restoreLag":{})", home.home, home.state,
                       home.input_lag, home.restored, home.restore_lag);
    if (!home.waiting_for.empty()) out += fmt::format(R"(,"waitingFor":{})", json_string(home.waiting_for));
    if (home.state == "running") out += fmt::format(R"(,"clock":{})", time_json(home.clock));
    out += '}';
  }
  return out + ']';
}

std::string member_json(const Member& member) {
  return fmt::format(R"("id":{},"http":{},"version":{},"partitions":{},"homes":{},"standbys":{},"homeStates":{})",
                     json_string(member.id), member.http.empty() ? "null" : json_string(member.http),
                     json_string(member.version), numbers(member.partitions), numbers(member.homes),
                     numbers(member.standbys), homes_json(member.details));
}

std::string counters_json(const topology::EngineSnapshot& engine, const group::StatsSnapshot& groups) {
  std::uint64_t dead_letters = 0;
  for (const auto count : groups.dead_letters) dead_letters += count;
  std::string failed;
  for (std::size_t i = 0; i < group::kCauses; ++i) {
    const auto cause = static_cast<group::Cause>(i);
    failed += fmt::format(R"({}"{}":{})", i == 0 ? "" : ",", group::cause_name(cause), groups.of(cause));
  }
  using group::Counter;
  return fmt::format(
      R"({{"records":{},"rekeyed":{},"commits":{},"aborts":{},"opened":{},"succeeded":{},"failed":{{{}}},"settled":{},"late":{},"repeats":{},"deadLetters":{}}})",
      engine.counters.records, engine.counters.rekeyed, engine.counters.commits, engine.counters.aborts,
      groups.of(Counter::Opened), groups.of(Counter::Succeeded), failed, groups.of(Counter::Done),
      groups.of(Counter::Late), groups.of(Counter::Repeats), dead_letters);
}

}  // namespace

std::string InstanceViews::own() {
  refresh_glance();
  Member self;
  for (auto& member : parts_.placement.members()) {
    if (member.self) self = std::move(member);
  }
  const auto engine = sources_.snapshot();
  const auto groups = sources_.stats->sum();
  auto out = '{' + member_json(self);
  const bool ready = engine.joined && !engine.stopping && engine.not_ready_reason.empty();
  out += fmt::format(R"(,"reachable":true,"ready":{},"now":{},"openGroups":{},"waitingEvents":{},"counters":{})", ready,
                     time_json(SystemClock{}.now()), groups.open_groups, groups.waiting_events,
                     counters_json(engine, groups));
  if (!engine.not_ready_reason.empty()) out += fmt::format(R"(,"notReady":{})", json_string(engine.not_ready_reason));
  if (!glance_.oldest.empty()) out += fmt::format(R"(,"oldest":{})", glance_.oldest);
  if (!glance_.due.empty()) out += fmt::format(R"(,"due":{})", glance_.due);
  return out + fmt::format(R"(,"oldestOfAll":{}}})", glance_.complete);
}

std::string InstanceViews::hearsay(const Member& member, const std::string& why) {
  return fmt::format(R"({{{},"reachable":false,"notReady":{}}})", member_json(member), json_string(why));
}

std::string InstanceViews::document(const std::vector<std::string>& instances) const {
  const auto& application = sources_.application;
  return fmt::format(
      R"({{"application":{},"version":"{}","guarantee":"{}","topic":{},"outputTopic":{},"homes":{},"instances":[{}]}})",
      json_string(application.app_id), EBC_VERSION, application.guarantee, json_string(application.topic),
      json_string(application.output_topic), parts_.placement.homes(), fmt::join(instances, ","));
}

void InstanceViews::instances(const HttpCall& call, const ExchangePtr& exchange) {
  struct Gathering {
    std::vector<std::string> instances;
    std::size_t pending = 0;
  };
  auto gathering = std::make_shared<Gathering>();
  gathering->instances.push_back(own());
  // What another instance is asked for is one document, too, with itself in it alone.
  if (call.hop) return exchange->send(json_reply(gathering->instances.front()));
  std::vector<Member> others;
  for (auto& member : parts_.placement.members()) {
    if (!member.self) others.push_back(std::move(member));
  }
  gathering->pending = others.size();
  if (others.empty()) return exchange->send(json_reply(document(gathering->instances)));
  for (auto& member : others) {
    const auto done = [this, gathering, exchange](std::string json) {
      gathering->instances.push_back(std::move(json));
      if (--gathering->pending == 0) exchange->send(json_reply(document(gathering->instances)));
    };
    if (member.http.empty()) {
      done(hearsay(member, "it serves no HTTP"));
      continue;
    }
    const auto base = member.http;
    parts_.peers.get({base, "/v1/instances", Duration{1'000}}, [done, member](Result<PeerReply> result) {
      if (!result.ok()) return done(hearsay(member, result.status().message()));
      if (result->status != 200 || !check_json(result->body).ok()) {
        return done(hearsay(member, fmt::format("it answers {}", result->status)));
      }
      done(std::move(result->body));
    });
  }
}

void InstanceViews::refresh_glance() {
  const auto now = std::chrono::steady_clock::now();
  if (looking_ || now - looked_ < kGlanceAge) return;
  looking_ = parts_.workers.post([this] {
    boost::asio::post(parts_.io, [this, glance = look()]() mutable {
      glance_ = std::move(glance);
      looking_ = false;
      looked_ = std::chrono::steady_clock::now();
    });
  });
}

InstanceViews::Glance InstanceViews::look() const {
  Glance glance;
  std::size_t left = kGlanceRows;
  Timestamp oldest = kNever, due = kNever;
  std::string from, until;
  group::head_key({}, from);
  group::envelope_key({}, until);
  for (const Partition home : parts_.placement.own_homes()) {
    const auto store = parts_.placement.store(home);
    if (store == nullptr) continue;
    const Status scanned = store->scan(from, until, [&](std::string_view key, std::string_view head) {
      if (left == 0) {
        glance.complete = false;
        return false;
      }
      --left;
      group::Group open;
      group::HeadKind kind{};
      if (!group::decode_head_kind(head, kind) || kind != group::HeadKind::Group || !group::decode_group(head, open)) {
        return true;
      }
      const auto id = key.substr(1);
      if (open.created < oldest) {
        oldest = open.created;
        glance.oldest = fmt::format(R"({{"id":{},"created":{},"deadline":{}}})", json_string(id),
                                    time_json(open.created), time_json(open.deadline));
      }
      if (open.deadline < due) {
        due = open.deadline;
        glance.due = fmt::format(R"({{"id":{},"deadline":{}}})", json_string(id), time_json(open.deadline));
      }
      return true;
    });
    if (!scanned.ok()) glance.complete = false;
  }
  return glance;
}

}  // namespace ebc::app
