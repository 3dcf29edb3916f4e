#include "topology/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ebc::topology {
namespace {

const Progress kSome{.generation = 0xfedcba9876543210,
                     .input_next = 7,
                     .repartition_next = 8,
                     .clock = timestamp_from_ms(9),
                     .written = timestamp_from_ms(10),
                     .inputs_known = 11};

TEST(Progress, ReadsWhatItWrote) {
  const auto read = decode_progress(encode(kSome));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read.value(), kSome);
}

TEST(Progress, RefusesAVersionItDoesNotKnow) {
  std::string row = encode(kSome);
  row[0] = 2;
  const auto read = decode_progress(row);
  EXPECT_EQ(read.status().verdict(), Verdict::Fatal);
  EXPECT_THAT(read.status().message(), ::testing::HasSubstr("version 2"));
}

TEST(Progress, RefusesARowCutShort) {
  const std::string row = encode(kSome);
  for (std::size_t length = 0; length < row.size(); ++length) {
    EXPECT_FALSE(decode_progress(row.substr(0, length)).ok()) << length;
  }
}

}  // namespace
}  // namespace ebc::topology
