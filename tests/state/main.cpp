#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "tests/state/numbered_writer.h"

// Called with --numbered-writer FOLDER this program is the process that the kill test kills. (A fork without exec would
// inherit a RocksDB whose threads are gone.)
int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == ebc::state::kNumberedWriter)
    return ebc::state::write_until_killed(argv[2]);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
