#include "state/rocks_instance.h"

#include <fmt/format.h>
#include <rocksdb/version.h>

#include <charconv>
#include <optional>
#include <set>
#include <system_error>

#include "state/rocks_options.h"
#include "state/rocks_status.h"

namespace ebc::state {

namespace {

namespace fs = std::filesystem;

// A family of a home is called "home-" and its number.
constexpr std::string_view kFamilyPrefix = "home-";

std::string family_name(Partition home) { return fmt::format("{}{}", kFamilyPrefix, home); }

std::optional<Partition> home_of_family(std::string_view name) {
  if (!name.starts_with(kFamilyPrefix)) return std::nullopt;
  name.remove_prefix(kFamilyPrefix.size());
  Partition home = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), home);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return home;
}

// DB::Open fills a raw pointer up to RocksDB 10 and a unique_ptr from 11 on.
template <typename Db>
rocksdb::Status open_families(const rocksdb::DBOptions& options, const std::string& path,
                              const std::vector<rocksdb::ColumnFamilyDescriptor>& families,
                              std::vector<rocksdb::ColumnFamilyHandle*>& handles, std::unique_ptr<Db>& db) {
  if constexpr (requires { Db::Open(options, path, families, &handles, &db); }) {
    return Db::Open(options, path, families, &handles, &db);
  } else {
    Db* raw = nullptr;
    rocksdb::Status status = Db::Open(options, path, families, &handles, &raw);
    db.reset(raw);
    return status;
  }
}

// The names of the families in the folder; none: there is no database. A folder that has tables but no CURRENT file,
// by which RocksDB finds the rest, would be taken for a new one: it is damaged.
Result<std::vector<std::string>> list_families(const rocksdb::DBOptions& options, const fs::path& path) {
  std::error_code error;
  std::vector<std::string> names;
  if (fs::exists(path / "CURRENT", error)) {
    const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, path.string(), &names);
    if (!listed.ok()) return rocks_open_status(listed, path);
    return names;
  }
  for (fs::directory_iterator file(path, error), end; !error && file != end; file.increment(error)) {
    if (file->path().extension() != ".sst") continue;
    return rocks_open_status(rocksdb::Status::Corruption("it has tables but no CURRENT file"), path);
  }
  return names;
}

}  // namespace

void DamagedFamilies::add(std::uint32_t family_id, std::string what) {
  const std::lock_guard lock(mutex_);
  damage_.insert_or_assign(family_id, std::move(what));
}

std::string DamagedFamilies::find(std::uint32_t family_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = damage_.find(family_id);
  return found == damage_.end() ? std::string{} : found->second;
}

RocksHome::RocksHome(Partition home, Family family)
    : id(home), name(fmt::format("home {}", home)), family_(std::move(family)) {}

RocksHome::Family RocksHome::family() const {
  const std::lock_guard lock(family_mutex_);
  return family_;
}

void RocksHome::set_family(Family family) {
  // The old one is let go of outside the lock: its last user deletes its files.
  const std::lock_guard lock(family_mutex_);
  family_.swap(family);
}

Result<std::shared_ptr<RocksInstance>> RocksInstance::open(const fs::path& path, const RocksOptions& options) {
  std::shared_ptr<RocksInstance> instance(new RocksInstance);
  instance->path_ = path;
  instance->damaged_ = std::make_shared<DamagedFamilies>();
  const RocksSettings settings = rocks_settings(options, instance->damaged_);
  instance->family_options_ = settings.family;

  auto names = list_families(settings.database, path);
  if (!names.ok()) return names.status();
  if (names->empty()) names->push_back(rocksdb::kDefaultColumnFamilyName);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : *names) families.emplace_back(name, settings.family);

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status opened = open_families(settings.database, path.string(), families, handles, instance->db_);
  if (!opened.ok()) return rocks_open_status(opened, path);

  std::vector<RocksHome::Family> owned;
  for (rocksdb::ColumnFamilyHandle* handle : handles) owned.emplace_back(handle);
  for (std::size_t i = 0; i < owned.size(); ++i) {
    const std::string& name = (*names)[i];
    if (const auto home = home_of_family(name)) {
      instance->homes_.emplace(*home, std::make_unique<RocksHome>(*home, std::move(owned[i])));
    } else if (name == rocksdb::kDefaultColumnFamilyName) {
      instance->default_family_ = std::move(owned[i]);
    } else {
      return Status{Verdict::Fatal,
                    fmt::format("the state database {} has a column family {} that this program doesn't know: run "
                                "the version that wrote it, or remove the folder",
                                path.string(), name)};
    }
  }
  return instance;
}

std::vector<RocksHome*> RocksInstance::homes() const {
  const std::lock_guard lock(mutex_);
  std::vector<RocksHome*> homes;
  for (const auto& [id, home] : homes_) homes.push_back(home.get());
  return homes;
}

RocksHome* RocksInstance::find_home(Partition home) const {
  const std::lock_guard lock(mutex_);
  const auto found = homes_.find(home);
  return found == homes_.end() ? nullptr : found->second.get();
}

Result<RocksHome*> RocksInstance::make_home(Partition home) {
  const std::lock_guard lock(mutex_);
  if (const auto found = homes_.find(home); found != homes_.end()) return found->second.get();
  Result<RocksHome::Family> family = create_family(home);
  if (!family.ok()) return family.status();
  return homes_.emplace(home, std::make_unique<RocksHome>(home, *family)).first->second.get();
}

Status RocksInstance::make_homes(std::span<const Partition> homes) {
  const std::lock_guard lock(mutex_);
  std::set<Partition> missing(homes.begin(), homes.end());
  std::erase_if(missing, [this](Partition home) { return homes_.contains(home); });
  std::vector<std::string> names;
  for (const Partition home : missing) names.push_back(family_name(home));
  if (missing.empty()) return {};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status created = db_->CreateColumnFamilies(family_options_, names, &handles);
  // After a failure, those made before it.
  for (auto home = missing.begin(); rocksdb::ColumnFamilyHandle * handle : handles) {
    homes_.emplace(*home, std::make_unique<RocksHome>(*home, RocksHome::Family(handle)));
    ++home;
  }
  return rocks_write_status(created, path_, fmt::format("{} new homes", missing.size()));
}

Result<RocksHome::Family> RocksInstance::create_family(Partition home) {
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  const auto create = [&] { return db_->CreateColumnFamily(family_options_, family_name(home), &handle); };
  rocksdb::Status created = create();
  if (!created.ok() && resume()) created = create();
  if (!created.ok()) return rocks_write_status(created, path_, fmt::format("home {}", home));
  return RocksHome::Family(handle);
}

Status RocksInstance::empty(RocksHome& home) {
  if (!home.dropped) {
    const RocksHome::Family family = home.family();
    rocksdb::Status dropped = db_->DropColumnFamily(family.get());
    if (!dropped.ok() && resume()) dropped = db_->DropColumnFamily(family.get());
    EBC_TRY(rocks_write_status(dropped, path_, home.name));
    home.dropped = true;
  }
  Result<RocksHome::Family> family = create_family(home.id);
  if (!family.ok()) return family.status();
  home.set_family(std::move(*family));
  home.dropped = false;
  return {};
}

bool RocksInstance::resume() { return db_->Resume().ok(); }

std::string rocksdb_version() { return fmt::format("RocksDB {}", rocksdb::GetRocksVersionAsString(true)); }

}  // namespace ebc::state
