#include "processor/group/group_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "processor/group/json_scan.h"

namespace ebc::group {
namespace {

Status damaged(std::string_view what, std::string_view id) {
  return {Verdict::TaskCorrupted, fmt::format("the stored {} of group {} can't be read", what, id)};
}

Status decode_head(std::string_view bytes, std::string_view id, GroupView& view) {
  HeadKind kind{};
  if (!decode_head_kind(bytes, kind)) return damaged("head", id);
  bool fine = false;
  switch (kind) {
    case HeadKind::Group:
      view.kind = GroupView::Kind::Open;
      fine = decode_group(bytes, view.group);
      break;
    case HeadKind::Waiting:
      view.kind = GroupView::Kind::Waiting;
      fine = decode_waiting(bytes, view.waiting);
      break;
    case HeadKind::Resolved:
      view.kind = GroupView::Kind::Resolved;
      fine = decode_marker(bytes, view.marker);
      break;
  }
  return fine ? Status{} : damaged("head", id);
}

/// Collects what is seen of the entities, and keeps within the limits what is to be shown of it.
class Shown {
 public:
  explicit Shown(const ViewLimits& limits) : limits_(limits) {}

  void add(const EntityList& entities) {
    for (const Entity& entity : entities)
      (entity.state == EntityState::Awaited ? awaited_ : settled_).push_back(entity);
  }
  bool full() const { return awaited_.size() + settled_.size() > limits_.rows; }
  void cut() { complete_ = false; }

  /// Those that are shown, awaited ones first. Values that lie apart are fetched by `fetch`.
  template <typename Fetch>
  Status move_to(GroupView& view, const Fetch& fetch) {
    for (auto* part : {&awaited_, &settled_}) {
      std::sort(part->begin(), part->end(), [](const Entity& a, const Entity& b) { return a.id < b.id; });
      if (part->size() > limits_.ids) part->resize(limits_.ids), complete_ = false;
    }
    std::size_t bytes = 0;
    view.shown = std::move(awaited_);
    for (Entity& entity : settled_) {
      if (entity.apart) EBC_TRY(fetch(entity));
      bytes += entity.value.size();
      if (bytes > limits_.bytes) {
        complete_ = false;
        break;
      }
      view.shown.push_back(std::move(entity));
    }
    view.complete = complete_;
    return {};
  }

 private:
  const ViewLimits limits_;
  std::vector<Entity> awaited_, settled_;
  bool complete_ = true;
};

Status read_buckets(const RowReader& rows, std::string_view id, Shown& shown) {
  std::string from, until;
  buckets_of(id, from, until);
  bool fine = true;
  EntityList entities;
  EBC_TRY(rows.scan(from, until, [&](std::string_view, std::string_view bytes) {
    if (shown.full()) {
      shown.cut();
      return false;
    }
    fine = decode_bucket(bytes, entities);
    if (fine) shown.add(entities);
    return fine;
  }));
  return fine ? Status{} : damaged("bucket", id);
}

Status read_value(const RowReader& rows, std::string_view id, Entity& entity) {
  std::string key, bytes;
  entity_key(id, entity.id, key);
  const auto found = rows.get(key, bytes);
  if (!found.ok()) return found.status();
  EntityState state{};
  Json value;
  if (!found.value() || !decode_entity(bytes, state, value)) return damaged("value", id);
  entity.value = value;
  return {};
}

Status read_envelope(const RowReader& rows, std::string_view id, Envelope& envelope) {
  std::string key, bytes;
  envelope_key(id, key);
  const auto found = rows.get(key, bytes);
  if (!found.ok()) return found.status();
  return found.value() && decode_envelope(bytes, envelope) ? Status{} : damaged("envelope", id);
}

/// Rows that belong together are read one after the other, while others may be written: read again until the head has
/// stood still meanwhile.
Result<GroupView> read(const RowReader& rows, std::string_view id, const ViewLimits* entities) {
  constexpr int kTries = 5;
  std::string key, head, again;
  head_key(id, key);
  for (int i = 0; i < kTries; ++i) {
    GroupView view;
    const auto found = rows.get(key, head);
    if (!found.ok()) return found.status();
    if (!found.value()) return view;
    if (Status status = decode_head(head, id, view); !status.ok()) return status;
    if (view.kind != GroupView::Kind::Open) return view;
    Shown shown{entities != nullptr ? *entities : ViewLimits{}};
    if (view.group.layout == Layout::Compact) {
      shown.add(view.group.entities);
      if (Status status = shown.move_to(view, [](Entity&) { return Status{}; }); !status.ok()) return status;
      return view;
    }
    Status status = read_envelope(rows, id, view.group.envelope);
    if (status.ok() && entities != nullptr) status = read_buckets(rows, id, shown);
    if (entities == nullptr) shown.cut();
    if (status.ok()) status = shown.move_to(view, [&](Entity& entity) { return read_value(rows, id, entity); });
    const auto stands = rows.get(key, again);
    if (!stands.ok()) return stands.status();
    if (!stands.value() || again != head) continue;
    if (!status.ok()) return status;
    return view;
  }
  return Status{Verdict::Retry, fmt::format("group {} changes faster than it can be read; ask again", id)};
}

}  // namespace

Result<GroupView> read_group(const RowReader& rows, std::string_view id, const ViewLimits& limits) {
  return read(rows, id, &limits);
}

Result<GroupView> read_head(const RowReader& rows, std::string_view id) { return read(rows, id, nullptr); }

bool has_label(Json labels, std::string_view name, std::string_view value) {
  if (labels.empty()) return false;
  constexpr int kDepth = 4;
  JsonScanner scanner(labels, kDepth);
  if (!scanner.begin_object()) return false;
  const auto is = [](const JsonValue& text, std::string_view wanted) {
    if (text.kind != JsonKind::String) return false;
    if (!text.escaped) return text.inside() == wanted;
    std::string plain;
    return append_unescaped(text.inside(), plain) && plain == wanted;
  };
  JsonValue key, label;
  while (scanner.next_member(key, label)) {
    if (is(key, name) && is(label, value)) return true;
  }
  return false;
}

}  // namespace ebc::group
