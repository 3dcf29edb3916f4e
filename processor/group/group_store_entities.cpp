// The half of the group store that knows where a group's entities are.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>

#include "processor/group/group_store.h"
#include "processor/group/hash.h"

namespace ebc::group {
namespace {

/// A group beyond either is spread over rows.
constexpr std::size_t kCompactEntities = 16;
constexpr std::size_t kCompactBytes = std::size_t{16} << 10;
/// Of a bucket, on average, at most.
constexpr std::size_t kBucketEntities = 16;
/// A longer value of a spread group's entity has a row of its own.
constexpr std::size_t kValueInBucket = 1'024;

std::size_t bucket_index(std::string_view id, std::size_t buckets) { return fingerprint(id) & (buckets - 1); }

std::size_t bytes_of(const Entity& entity) { return sizeof(Entity) + entity.id.size() + entity.value.size(); }

/// Orders as the first eight bytes of the ids do.
std::uint64_t prefix_of(std::string_view id) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | (i < id.size() ? static_cast<unsigned char>(id[i]) : 0U);
  }
  return prefix;
}

}  // namespace

Status GroupStore::find_entity(Entry& entry, std::string_view id) {
  Group& group = *entry.group;
  if (group.layout == Layout::Compact) {
    found_ = {nullptr, group.entities.find(id)};
    return {};
  }
  const Result<Bucket*> bucket = bucket_of(entry, id);
  if (!bucket.ok()) return bucket.status();
  found_ = {bucket.value(), bucket.value()->entities.find(id)};
  return {};
}

Result<EntityState> GroupStore::entity(Entry& entry, std::string_view id, std::string& value) {
  if (Status status = find_entity(entry, id); !status.ok()) return status;
  const Entity* const found = found_.entity;
  if (found == nullptr) return EntityState::Unexpected;
  if (found->state == EntityState::Awaited) return found->state;
  if (found->apart) {
    if (Status status = value_apart(entry, id); !status.ok()) return status;
    value = value_;
  } else {
    value = found->value;
  }
  return found->state;
}

Status GroupStore::add_entities(Entry& entry, const std::vector<std::string_view>& ids) {
  Group& group = *entry.group;
  std::size_t bytes = compact_bytes(group);
  for (const std::string_view id : ids) bytes += id.size();
  if (ids.size() > kCompactEntities || bytes > kCompactBytes) EBC_TRY(spread(entry, ids.size()));
  if (group.layout == Layout::Compact) {
    for (const std::string_view id : ids) group.entities.append(id);
  } else {
    for (const std::string_view id : ids) {
      Bucket& bucket = group.buckets[bucket_index(id, group.buckets.size())];
      make_dirty(group, bucket);
      const std::size_t more = bytes_of(bucket.entities.append(id));
      bucket.bytes += more;
      group.bucket_bytes += more;
      group.dirty_bytes += more;
    }
  }
  group.counts.expected += ids.size();
  touch(entry);
  return {};
}

Status GroupStore::add_entity(Entry& entry, std::string_view id) {
  Group& group = *entry.group;
  if (group.layout == Layout::Compact &&
      (group.entities.size() >= kCompactEntities || compact_bytes(group) + id.size() > kCompactBytes)) {
    EBC_TRY(spread(entry, group.entities.size()));
  }
  if (group.layout == Layout::Compact) {
    group.entities.insert(id);
  } else {
    if (group.counts.expected >= group.buckets.size() * kBucketEntities) EBC_TRY(more_buckets(entry));
    const Result<Bucket*> found = bucket_of(entry, id);
    if (!found.ok()) return found.status();
    Bucket& bucket = *found.value();
    make_dirty(group, bucket);
    const std::size_t more = bytes_of(bucket.entities.insert(id));
    bucket.bytes += more;
    group.bucket_bytes += more;
    group.dirty_bytes += more;
  }
  expect(group);
  touch(entry);
  return {};
}

Status GroupStore::settle_found(Entry& entry, EntityState state, Json value, Duration after) {
  assert(found_.entity != nullptr && found_.entity->state == EntityState::Awaited);
  Group& group = *entry.group;
  if (group.layout == Layout::Compact && compact_bytes(group) + value.size() > kCompactBytes) {
    const std::string id = found_.entity->id;  // moves
    EBC_TRY(spread(entry, group.entities.size()));
    EBC_TRY(find_entity(entry, id));
  }
  Entity& entity = *found_.entity;
  entity.state = state;
  entity.settled = after;
  if (group.layout == Layout::Compact) {
    entity.value = value;
  } else {
    Bucket& bucket = *found_.bucket;
    make_dirty(group, bucket);
    if (value.size() > kValueInBucket) {
      put_apart(entry, entity, value);
    } else {
      entity.value = value;
      bucket.bytes += value.size();
      group.bucket_bytes += value.size();
      group.dirty_bytes += value.size();
    }
  }
  touch(entry);
  return {};
}

/// From one row to many, with room for so many entities. None of the new rows can be in the committed state: a group
/// that ends takes its rows with it.
Status GroupStore::spread(Entry& entry, std::size_t entities) {
  Group& group = *entry.group;
  if (group.layout == Layout::Spread) return {};
  envelope_key(entry.id, key_);
  encode_envelope(group.envelope, value_);
  store_.put_new(key_, value_);
  group.envelope = {};
  group.layout = Layout::Spread;
  group.buckets = std::vector<Bucket>(std::bit_ceil(std::max<std::size_t>(1, entities / kBucketEntities)));
  for (Bucket& bucket : group.buckets) bucket.loaded = true;
  for (Entity& entity : group.entities) {
    Bucket& bucket = group.buckets[bucket_index(entity.id, group.buckets.size())];
    make_dirty(group, bucket);
    if (entity.value.size() > kValueInBucket) put_apart(entry, entity, entity.value);
    Entity& moved = bucket.entities.append(entity.id);
    moved = std::move(entity);
    bucket.bytes += bytes_of(moved);
    group.bucket_bytes += bytes_of(moved);
    group.dirty_bytes += bytes_of(moved);
  }
  group.entities.reset();
  return {};
}

/// Twice as many, so that they stay small: the group has grown.
Status GroupStore::more_buckets(Entry& entry) {
  EBC_TRY(load_buckets(entry));
  Group& group = *entry.group;
  std::vector<Bucket> old(group.buckets.size() * 2);
  old.swap(group.buckets);
  group.dirty_buckets.clear();
  group.bucket_bytes = group.dirty_bytes = 0;
  for (std::size_t i = 0; i < group.buckets.size(); ++i) {
    Bucket& bucket = group.buckets[i];
    bucket.loaded = true;
    bucket.stored = i < old.size() && old[i].stored;
    make_dirty(group, bucket);
  }
  for (Bucket& from : old) {
    for (Entity& entity : from.entities) {
      Bucket& to = group.buckets[bucket_index(entity.id, group.buckets.size())];
      Entity& moved = to.entities.append({});
      moved = std::move(entity);  // in order: they were in order before
      to.bytes += bytes_of(moved);
      group.bucket_bytes += bytes_of(moved);
      group.dirty_bytes += bytes_of(moved);
    }
  }
  return {};
}

void GroupStore::make_dirty(Group& group, Bucket& bucket) {
  if (bucket.dirty) return;
  bucket.dirty = true;
  group.dirty_buckets.push_back(static_cast<std::uint32_t>(&bucket - group.buckets.data()));
  group.dirty_bytes += bucket.bytes;
}

Result<Bucket*> GroupStore::bucket_of(Entry& entry, std::string_view id) {
  Group& group = *entry.group;
  const std::size_t index = bucket_index(id, group.buckets.size());
  Bucket& bucket = group.buckets[index];
  if (bucket.loaded) return &bucket;
  bucket_key(entry.id, static_cast<std::uint32_t>(index), key_);
  const Result<bool> found = store_.get(key_, value_);
  if (!found.ok()) return found.status();
  bucket.stored = found.value();
  bucket.loaded = true;
  if (bucket.stored) {
    if (Status read = read_bucket(entry, value_, bucket); !read.ok()) return read;
  }
  return &bucket;
}

Status GroupStore::read_bucket(const Entry& entry, std::string_view row, Bucket& bucket) {
  if (!decode_bucket(row, bucket.entities)) return damaged("bucket", entry.id);
  bucket.loaded = bucket.stored = true;
  bucket.bytes = 0;
  for (const Entity& entity : bucket.entities) bucket.bytes += bytes_of(entity);
  entry.group->bucket_bytes += bucket.bytes;
  return {};
}

/// All at once, by one scan.
Status GroupStore::load_buckets(Entry& entry) {
  Group& group = *entry.group;
  const auto loaded = [](const Bucket& bucket) { return bucket.loaded; };
  if (std::all_of(group.buckets.begin(), group.buckets.end(), loaded)) return {};
  Status read;
  buckets_of(entry.id, key_, until_);
  EBC_TRY(store_.scan(key_, until_, [&](std::string_view key, std::string_view row) {
    const std::uint32_t index = bucket_of_key(key);
    if (index >= group.buckets.size()) {
      read = damaged("bucket", entry.id);
    } else if (!group.buckets[index].loaded) {
      read = read_bucket(entry, row, group.buckets[index]);
    }
    return read.ok();
  }));
  EBC_TRY(std::move(read));
  for (Bucket& bucket : group.buckets) bucket.loaded = true;
  return {};
}

void GroupStore::write_buckets(Entry& entry) {
  Group& group = *entry.group;
  for (const std::uint32_t index : group.dirty_buckets) {
    Bucket& bucket = group.buckets[index];
    bucket_key(entry.id, index, key_);
    encode_bucket(bucket.entities, value_);
    if (bucket.stored) {
      store_.put(key_, value_);
    } else {
      store_.put_new(key_, value_);
    }
    bucket.stored = true;
    bucket.dirty = false;
  }
  group.dirty_buckets.clear();
  group.dirty_bytes = 0;
}

Status GroupStore::erase_spread(const Entry& entry) {
  const Group& group = *entry.group;
  envelope_key(entry.id, key_);
  store_.erase(key_);
  for (std::size_t i = 0; i < group.buckets.size(); ++i) {
    if (group.buckets[i].loaded && !group.buckets[i].stored) continue;
    bucket_key(entry.id, static_cast<std::uint32_t>(i), key_);
    store_.erase(key_);
  }
  if (!group.values_apart) return {};
  std::vector<std::string> keys;
  entities_of(entry.id, key_, until_);
  EBC_TRY(store_.scan(key_, until_, [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  }));
  for (const std::string& key : keys) store_.erase(key);
  return {};
}

void GroupStore::put_apart(Entry& entry, Entity& entity, Json value) {
  entity_key(entry.id, entity.id, key_);
  encode_entity(entity.state, value, value_);
  store_.put_new(key_, value_);
  entity.apart = true;
  entity.value.clear();
  entry.group->values_apart = true;
}

Status GroupStore::value_apart(const Entry& entry, std::string_view id) {
  entity_key(entry.id, id, key_);
  const Result<bool> found = store_.get(key_, value_);
  if (!found.ok()) return found.status();
  EntityState state{};
  Json value;
  if (!found.value() || !decode_entity(value_, state, value)) return damaged("value", entry.id);
  value_.erase(0, value_.size() - value.size());
  return {};
}

Status GroupStore::visit_entities(Entry& entry, const EntityVisitor& visit) {
  if (entry.group->layout == Layout::Spread) return visit_spread(entry, visit);
  for (const Entity& entity : entry.group->entities) visit(entity.id, entity.state, entity.value);
  return {};
}

Status GroupStore::visit_spread(Entry& entry, const EntityVisitor& visit) {
  EBC_TRY(load_buckets(entry));
  sorted_.clear();
  for (const Bucket& bucket : entry.group->buckets) {
    for (const Entity& entity : bucket.entities) sorted_.emplace_back(prefix_of(entity.id), &entity);
  }
  std::sort(sorted_.begin(), sorted_.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->id < b.second->id;
  });
  for (const auto& [prefix, entity] : sorted_) {
    if (entity->apart) EBC_TRY(value_apart(entry, entity->id));
    visit(entity->id, entity->state, entity->apart ? value_ : entity->value);
  }
  return {};
}

Result<const Envelope*> GroupStore::envelope(const Entry& entry) {
  if (entry.group->layout == Layout::Compact) return &entry.group->envelope;
  envelope_key(entry.id, key_);
  const Result<bool> found = store_.get(key_, value_);
  if (!found.ok()) return found.status();
  if (!found.value() || !decode_envelope(value_, envelope_)) return damaged("envelope", entry.id);
  return &envelope_;
}

}  // namespace ebc::group
