// What a RocksDB error means for us: the only place that makes verdicts of them.
#pragma once

#include <rocksdb/status.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "processor/api/status.h"

namespace ebc::state {

/// Opening the database. TaskCorrupted: its files are damaged or missing. Fatal: it can't be used as things are (disk
/// full, no right to it, held by somebody else, another version's), which throwing it away would not mend.
Status rocks_open_status(const rocksdb::Status& status, const std::filesystem::path& path);

/// Reading. TaskCorrupted: the bytes on disk are not what was written, or can't be had. Retry: the process is short of
/// descriptors or memory.
Status rocks_read_status(const rocksdb::Status& status, const std::filesystem::path& path, std::string_view what);

/// Writing. TaskCorrupted: a checksum failed. Retry: everything that room or a mended disk would cure.
Status rocks_write_status(const rocksdb::Status& status, const std::filesystem::path& path, std::string_view what);

}  // namespace ebc::state
