#include "tests/simulation/disk.h"

#include <utility>

namespace ebc::simulation {

class Disk::Store final : public state::CommittedStore {
 public:
  Store(Disk& disk, Partition number, std::shared_ptr<Home> home, std::uint64_t owner)
      : disk_(disk), number_(number), home_(std::move(home)), owner_(owner) {}

  Result<bool> get(std::string_view key, std::string& value) const override {
    const auto row = home_->rows.find(key);
    if (row == home_->rows.end()) return false;
    value = row->second;
    return true;
  }

  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
    for (auto row = home_->rows.lower_bound(from); row != home_->rows.end(); ++row) {
      if (!until.empty() && row->first >= until) break;
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }

  Status apply(std::span<const state::Write> writes, Offset position) override {
    EBC_TRY(check_keys(writes));
    disk_.scheduler_.step();
    Dice& dice = disk_.scheduler_.dice();
    if (home_->owner != owner_) return {Verdict::Fenced, "the home has another owner by now"};
    if (home_->damaged || dice.percent(disk_.faults_.disk_damaged)) {
      home_->damaged = true;
      return {Verdict::TaskCorrupted, "damaged"};
    }
    if (dice.percent(disk_.faults_.disk_full)) return {Verdict::Retry, "disk full"};
    for (const state::Write& write : writes) {
      const auto row = home_->rows.find(write.key);
      Undo& undo = home_->undo.emplace_back(Undo{std::string(write.key), std::nullopt});
      if (row != home_->rows.end()) {
        undo.before = std::move(row->second);
        if (write.value) {
          row->second = *write.value;
        } else {
          home_->rows.erase(row);
        }
      } else if (write.value) {
        home_->rows.emplace(write.key, *write.value);
      }
    }
    home_->position = position;
    disk_.observer_.on_applied(number_, home_->rows, position);
    if (dice.percent(disk_.faults_.early_flush)) disk_.flush(*home_);
    disk_.scheduler_.step();
    return {};
  }

  Result<std::optional<Offset>> changelog_offset_next() const override { return home_->position; }

  Status clear() override {
    disk_.scheduler_.step();
    if (home_->owner != owner_) return {Verdict::Fenced, "the home has another owner by now"};
    // As the database does it: what was there is gone at once, for good.
    home_->rows.clear();
    home_->undo.clear();
    home_->position.reset();
    home_->flushed_position.reset();
    home_->damaged = false;
    return {};
  }

 private:
  Disk& disk_;
  const Partition number_;
  const std::shared_ptr<Home> home_;
  const std::uint64_t owner_;
};

std::shared_ptr<state::CommittedStore> Disk::open(Partition number) {
  auto& home = homes_[number];
  if (!home) home = std::make_shared<Home>();
  home->owner = ++last_owner_;
  return std::make_shared<Store>(*this, number, home, home->owner);
}

Result<std::shared_ptr<state::CommittedStore>> Disk::open_home(Partition number) {
  scheduler_.step();
  auto store = open(number);
  held_[number] = store;
  return store;
}

Result<std::shared_ptr<state::CommittedStore>> Disk::open_standby(Partition number) {
  scheduler_.step();
  if (const auto held = held_.find(number); held != held_.end() && !held->second.expired()) {
    return Status(Verdict::Fenced, "the home is held here");
  }
  return open(number);
}

Status Disk::quarantine_home(Partition number) {
  scheduler_.step();
  homes_[number] = std::make_shared<Home>();
  return {};
}

void Disk::flush(Home& home) {
  home.undo.clear();
  home.flushed_position = home.position;
}

void Disk::flush() {
  for (auto& [number, home] : homes_) flush(*home);
}

void Disk::crash() {
  for (auto& [number, home] : homes_) {
    for (auto undo = home->undo.rbegin(); undo != home->undo.rend(); ++undo) {
      if (undo->before) {
        home->rows[undo->key] = std::move(*undo->before);
      } else {
        home->rows.erase(undo->key);
      }
    }
    home->undo.clear();
    home->position = home->flushed_position;
  }
}

}  // namespace ebc::simulation
