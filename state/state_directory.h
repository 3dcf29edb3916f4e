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

#include "processor/api/status.h"

namespace ebc::state {

/// Whose state a folder holds.
struct StateOwner {
  std::string app_id;
  std::string cluster_id;  ///< Kafka's; changelog positions mean nothing to another cluster
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

  /// "ebc-" and 12 hex digits, made at first start: the static member of the consumer group that this folder is. Kept
  /// from the first claim on.
  const std::string& instance_id() const { return identity_.instance_id; }
  /// Tells two folders apart that were given the same instance id.
  const std::string& uuid() const { return identity_.uuid; }

  /// The most threads this folder ever ran with: that many transactional ids may have left a transaction open.
  int threads_max() const { return identity_.threads_max; }
  /// Before threads are started. Kept on disk when it is a new maximum.
  Status note_threads(int threads);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database_path() const { return path_ / "db"; }

 private:
  struct Identity {
    StateOwner owner;
    std::string instance_id, uuid;
    int threads_max = 0;
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
