#include "topology/instance_registry.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace ebc::topology {
namespace {

bool contains(const std::vector<Partition>& partitions, Partition partition) {
  return std::find(partitions.begin(), partitions.end(), partition) != partitions.end();
}

}  // namespace

void InstanceRegistry::on_record(std::string_view key, std::optional<std::string_view> value, Timestamp now,
                                 bool following) {
  const std::lock_guard lock(mutex_);
  if (!value) {
    const auto it = known_.find(key);
    if (it != known_.end()) it->second.left = true;
    return;
  }
  auto record = decode_instance(*value);
  if (!record.ok()) {
    spdlog::debug("instances topic: {}", record.status().message());  // of a later version, or somebody's mistake
    return;
  }
  Known& known = known_[std::string(key)];
  known.heard = following ? now : std::min(now, record->heartbeat);
  known.heard_live |= following;
  known.left = false;
  known.record = std::move(*record);
}

std::vector<InstanceInfo> InstanceRegistry::others(Timestamp now) const {
  const std::lock_guard lock(mutex_);
  std::vector<InstanceInfo> infos;
  for (const auto& [uuid, known] : known_) {
    if (uuid == own_uuid_ || known.left) continue;
    InstanceInfo& info = infos.emplace_back(show(known.record));
    info.live = live(known, now);
  }
  return infos;
}

std::optional<InstanceInfo> InstanceRegistry::owner_of(Partition home, Timestamp now) const {
  std::optional<InstanceInfo> owner;
  for (InstanceInfo& info : others(now)) {
    if (!info.live || !contains(info.homes, home)) continue;
    if (owner) return std::nullopt;
    owner = std::move(info);
  }
  return owner;
}

std::vector<std::string> InstanceRegistry::live_uuids(Timestamp now) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> uuids;
  for (const auto& [uuid, known] : known_) {
    if (uuid != own_uuid_ && live(known, now)) uuids.push_back(uuid);
  }
  uuids.insert(std::upper_bound(uuids.begin(), uuids.end(), own_uuid_), own_uuid_);
  return uuids;
}

std::optional<InstanceRegistry::Namesake> InstanceRegistry::namesake(const std::string& id, Timestamp now) const {
  if (id.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  std::optional<Namesake> found;
  for (const auto& [uuid, known] : known_) {
    if (uuid == own_uuid_ || known.left || known.record.id != id) continue;
    if (!found || (live(known, now) && !found->live))
      found = Namesake{known.record, live(known, now), known.heard_live};
  }
  return found;
}

std::map<Partition, std::string> InstanceRegistry::holders(Timestamp now) const {
  const std::lock_guard lock(mutex_);
  std::map<Partition, std::string> holders;
  for (const auto& [uuid, known] : known_) {
    if (uuid == own_uuid_ || !live(known, now)) continue;
    for (const Partition partition : known.record.partitions) holders[partition] = uuid;
  }
  return holders;
}

std::vector<InstanceRegistry::Dead> InstanceRegistry::dead_holders_of(Partition partition, Timestamp now) const {
  const std::lock_guard lock(mutex_);
  std::vector<Dead> records;
  for (const auto& [uuid, known] : known_) {
    if (uuid == own_uuid_ || live(known, now) || !contains(known.record.partitions, partition)) continue;
    records.push_back({known.record, known.heard});
  }
  return records;
}

std::vector<std::string> InstanceRegistry::expire(Duration age, Timestamp now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [&](const auto& entry) { return entry.second.left && now - entry.second.heard > age; });
  std::vector<std::string> uuids;
  for (const auto& [uuid, known] : known_) {
    if (uuid != own_uuid_ && !known.left && now - known.heard > age) uuids.push_back(uuid);
  }
  return uuids;
}

}  // namespace ebc::topology
