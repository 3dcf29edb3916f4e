#include "processor/group/rfc3339.h"

#include <gtest/gtest.h>

namespace ebc::group {
namespace {

std::string spelled(std::int64_t ms) {
  std::string out;
  append_rfc3339(timestamp_from_ms(ms), out);
  return out;
}

TEST(Rfc3339, SpellsUtcWithMilliseconds) {
  EXPECT_EQ(spelled(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(spelled(1'784'331'501'402), "2026-07-17T23:38:21.402Z");
  EXPECT_EQ(spelled(951'782'400'001), "2000-02-29T00:00:00.001Z");
  EXPECT_EQ(spelled(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, CutsTimesThatItCannotSpell) {
  EXPECT_EQ(spelled(std::numeric_limits<std::int64_t>::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(spelled(std::numeric_limits<std::int64_t>::min()), "0000-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace ebc::group
