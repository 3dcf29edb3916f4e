#include "topology/murmur2.h"

#include <gtest/gtest.h>

namespace ebc::topology {
namespace {

struct Published {
  std::string_view key;
  std::int32_t hash;
};

// From Apache Kafka's own unit test of Utils.murmur2.
constexpr Published kPublished[] = {
    {"21", -973932308},
    {"foobar", -790332482},
    {"a-little-bit-long-string", -985981536},
    {"a-little-bit-longer-string", -1486304829},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
    {"abc", 479470107},
};

TEST(Murmur2, AgreesWithTheValuesPublishedForJava) {
  for (const auto& [key, hash] : kPublished) EXPECT_EQ(static_cast<std::int32_t>(murmur2(key)), hash) << key;
}

TEST(HomeOf, DropsTheSignBeforeTheModulo) {
  EXPECT_EQ(home_of("21", 12), ((-973932308) & 0x7fffffff) % 12);
  EXPECT_EQ(home_of("abc", 12), 479470107 % 12);
}

TEST(HomeOf, TakesBytesAboveAsciiAsUnsigned) {
  const Partition home = home_of("\xff\xfe\xfd", 7);
  EXPECT_GE(home, 0);
  EXPECT_LT(home, 7);
}

}  // namespace
}  // namespace ebc::topology
