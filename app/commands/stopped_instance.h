// The state folder of an instance that doesn't run, for the commands that look into it.
#pragma once

#include <filesystem>
#include <memory>

#include "state/rocks_database.h"
#include "state/state_directory.h"

namespace ebc::app {

/// Holds the folder's lock, so that nothing starts on it meanwhile.
struct StoppedInstance {
  state::StateDirectory folder;
  std::unique_ptr<state::RocksDatabase> database;  ///< after the folder: it goes first
};

/// Opens what is there and makes nothing. Fatal, with what to do: no state in the folder, in use, of a newer format.
Result<StoppedInstance> open_stopped(const std::filesystem::path& path);

}  // namespace ebc::app
