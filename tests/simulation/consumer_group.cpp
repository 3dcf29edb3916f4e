#include "tests/simulation/consumer_group.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ebc::simulation {
namespace {
constexpr Duration kLookEvery{100};
}

ConsumerGroup::ConsumerGroup(Scheduler& scheduler, Broker& broker, Duration session)
    : scheduler_(scheduler), session_(session), partitions_(broker.partitions(Topic::Input)) {
  scheduler_.after(kLookEvery, [this] { look(); });
}

void ConsumerGroup::look() {
  std::vector<int> silent;
  for (const auto& [id, member] : members_) {
    if (scheduler_.now() - member.seen > session_) silent.push_back(id);
  }
  for (const int id : silent) remove(id);
  if (round_open_ && scheduler_.now() >= round_until_) finish_round();
  scheduler_.after(kLookEvery, [this] { look(); });
}

int ConsumerGroup::join(int id, const std::string& instance, Member& client, const std::set<Partition>& owned) {
  if (id != 0 && fenced_.contains(id)) return 0;
  if (id == 0 && !instance.empty()) {
    const auto before = std::find_if(members_.begin(), members_.end(),
                                     [&](const auto& member) { return member.second.instance == instance; });
    if (before != members_.end()) {
      id = ++last_id_;
      fenced_[before->first] = id;
      State state = std::move(before->second);
      std::erase_if(owners_, [&](const auto& held) {
        return held.second == before->first && !state.assigned.contains(held.first);
      });
      for (auto& [input, owner] : owners_) {
        if (owner == before->first) owner = id;
      }
      members_.erase(before);
      state.client = &client;
      state.seen = scheduler_.now();
      state.claims.clear();
      // Not when its holder died over giving a partition up: that one would be nobody's until the next rebalance.
      // (Kafka's coordinator doesn't look at partitions and seems to leave it so; nothing a member does could help.)
      const bool at_once = !round_open_ && static_cast<int>(owners_.size()) == partitions_;
      if (!at_once) open_round();
      state.joined = !at_once;
      const State& kept = members_[id] = std::move(state);
      if (at_once) client.on_assignment({generation_, kept.assigned});
      finish_round_if_all_joined();
      return id;
    }
  }
  if (id != 0 && !members_.contains(id)) return kUnknown;
  if (id == 0) id = ++last_id_;
  State& member = members_[id];
  member.instance = instance;
  member.client = &client;
  member.seen = scheduler_.now();
  open_round();
  member.claims = owned;
  member.joined = true;
  finish_round_if_all_joined();
  return id;
}

Beat ConsumerGroup::heartbeat(int id) {
  if (fenced_.contains(id)) return Beat::InstanceFenced;
  const auto it = members_.find(id);
  if (it == members_.end()) return Beat::UnknownMember;
  it->second.seen = scheduler_.now();
  return round_open_ && !it->second.joined ? Beat::Rebalance : Beat::Ok;
}

void ConsumerGroup::disconnect(int id, bool leave) {
  const auto it = members_.find(id);
  if (it == members_.end()) return;
  it->second.client = nullptr;
  if (leave) remove(id);
}

void ConsumerGroup::remove(int id) {
  if (members_.erase(id) == 0) return;
  std::erase_if(owners_, [id](const auto& owned) { return owned.second == id; });
  if (scheduler_.traced()) scheduler_.trace(fmt::format("member {} is out", id));
  if (members_.empty()) {
    round_open_ = false;
    return;
  }
  open_round();
  finish_round_if_all_joined();
}

void ConsumerGroup::released(int id, const std::set<Partition>& inputs) {
  for (const Partition input : inputs) {
    const auto it = owners_.find(input);
    if (it != owners_.end() && it->second == id) owners_.erase(it);
  }
}

Answer ConsumerGroup::check(MemberId member) const {
  if (fenced_.contains(member.id)) return Answer::InstanceFenced;
  const auto it = members_.find(member.id);
  if (it == members_.end()) return Answer::UnknownMember;
  return member.generation == generation_ ? Answer::Ok : Answer::IllegalGeneration;
}

int ConsumerGroup::owner(Partition input) const {
  const auto it = owners_.find(input);
  return it == owners_.end() ? 0 : it->second;
}

void ConsumerGroup::show_partitions(int count) {
  if (count == partitions_) return;
  partitions_ = count;
  if (!members_.empty()) open_round();
}

std::set<std::string> ConsumerGroup::static_members() const {
  std::set<std::string> names;
  for (const auto& [id, state] : members_) {
    if (!state.instance.empty()) names.insert(state.instance);
  }
  return names;
}

std::vector<int> ConsumerGroup::members() const {
  std::vector<int> ids;
  for (const auto& [id, member] : members_) ids.push_back(id);
  return ids;
}

void ConsumerGroup::open_round() {
  if (round_open_) return;
  round_open_ = true;
  round_until_ = scheduler_.now() + session_;
  for (auto& [id, member] : members_) member.joined = false;
}

void ConsumerGroup::finish_round_if_all_joined() {
  const bool all = std::all_of(members_.begin(), members_.end(), [](const auto& m) { return m.second.joined; });
  if (round_open_ && all) finish_round();
}

void ConsumerGroup::finish_round() {
  // Who didn't join in time is out.
  std::vector<int> late;
  for (const auto& [id, member] : members_) {
    if (!member.joined) late.push_back(id);
  }
  for (const int id : late) {
    members_.erase(id);
    std::erase_if(owners_, [id](const auto& owned) { return owned.second == id; });
  }
  round_open_ = false;
  if (members_.empty()) return;
  ++generation_;

  // Everybody keeps a fair share of what it has; what nobody claims goes to those with the least.
  const auto count = static_cast<std::size_t>(partitions_);
  const std::size_t fair = count / members_.size();
  std::size_t larger = count % members_.size();
  std::set<Partition> claimed;
  for (auto& [id, member] : members_) {
    member.assigned.clear();
    for (const Partition input : member.claims) claimed.insert(input);
    const std::size_t share = fair + (larger > 0 && member.claims.size() > fair ? 1 : 0);
    if (share > fair) --larger;
    for (const Partition input : member.claims) {
      if (member.assigned.size() < share && input < partitions_) member.assigned.insert(input);
    }
  }
  for (Partition input = 0; input < partitions_; ++input) {
    if (claimed.contains(input)) continue;
    const auto least = std::min_element(members_.begin(), members_.end(), [](const auto& a, const auto& b) {
      return a.second.assigned.size() < b.second.assigned.size();
    });
    least->second.assigned.insert(input);
  }
  for (auto& [id, member] : members_) {
    for (const Partition input : member.assigned) owners_[input] = id;
    if (scheduler_.traced()) {
      scheduler_.trace(
          fmt::format("generation {}: member {} gets {}", generation_, id, fmt::join(member.assigned, ",")));
    }
    if (member.client != nullptr) member.client->on_assignment({generation_, member.assigned});
  }
}

}  // namespace ebc::simulation
