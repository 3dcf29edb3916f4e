// The folder that an instance keeps between two runs, and whose it is.
//
//   <path>/lock       held (flock) while the process lives; its pid, for whoever finds it held
//   <path>/identity   who the folder belongs to; text, `key = value`, see state_directory.cpp
//   <path>/db         the database
//
// All refusals are Fatal, and name the path, both sides of the mismatch and the remedy.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "processor/api/status.h"

namespace ebc::state {

/// Whose state a folder holds.
struct StateOwner {
  std::string app_id;
  std::string cluster_id;  ///< Kafka's; changelog positions mean nothing to another cluster
};

/// The names prefix-0 to prefix-(count-1).
struct UsedNames {
  std::string prefix;
  int count = 0;
  bool operator==(const UsedNames&) const = default;
};

/// The lock is wanted before Kafka is reached, the owner is known only after: lock(), then claim(). One thread.
class StateDirectory {
 public:
  /// Makes the folder (mode 0700, parents as needed) and locks it until the object goes. Refused: held by another
  /// process, a newer format, a damaged identity, no right to write, disk full.
  static Result<StateDirectory> lock(const std::filesystem::path& path);

  /// lock() and claim().
  static Result<StateDirectory> open(const std::filesystem::path& path, const StateOwner& owner);

  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&& other) noexcept;
  ~StateDirectory();

  /// The first call in the folder's life makes it the owner's; later ones check that it is. Refused: another
  /// application, another cluster, state of nobody.
  Status claim(const StateOwner& owner);

  /// Whose state it holds; empty before the first claim of its life.
  const StateOwner& owner() const { return identity_.owner; }

  /// "ebc-" and 12 hex digits, made at first start: the static member of the consumer group that this folder is. Kept
  /// from the first claim on.
  const std::string& instance_id() const { return identity_.instance_id; }
  /// Tells two folders apart that were given the same instance id.
  const std::string& uuid() const { return identity_.uuid; }

  /// Whatever ran from this folder under these names may have left something open that only the name can end. The
  /// latest 64; oldest first.
  const std::vector<UsedNames>& used_names() const { return identity_.used_names; }
  /// Before they are used. Kept on disk when there is something new in it. `prefix` has neither blanks nor line breaks.
  Status note_names(const UsedNames& names);
  /// What all others had left open has been ended: only these still count.
  Status keep_names(std::vector<UsedNames> names);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database_path() const { return path_ / "db"; }

 private:
  struct Identity {
    StateOwner owner;
    std::string instance_id, uuid;
    std::vector<UsedNames> used_names;
  };

  StateDirectory(std::filesystem::path path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  Status read_identity();
  Status write_identity(const Identity& identity) const;

  std::filesystem::path path_;
  int lock_fd_ = -1;
  bool claimed_ = false;  ///< the identity is on disk
  Identity identity_;
};

}  // namespace ebc::state
