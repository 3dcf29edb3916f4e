#include "app/options/values.h"

#include <gmock/gmock.h>

namespace ebc::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::int64_t ms_of(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration.ok() ? duration.value().count() : -1;
}

TEST(Duration, ReadsEveryUnit) {
  EXPECT_EQ(ms_of("100ms"), 100);
  EXPECT_EQ(ms_of("30s"), 30'000);
  EXPECT_EQ(ms_of("10min"), 600'000);
  EXPECT_EQ(ms_of("2h"), 7'200'000);
  EXPECT_EQ(ms_of("30d"), 2'592'000'000);
  EXPECT_EQ(ms_of(" 1.5 s "), 1'500);
  EXPECT_EQ(ms_of("0"), 0);
}

TEST(Duration, RefusesWhatCouldBeMisread) {
  for (const auto text : {"", "s", "-1s", "+1s", "1e3s", "1m", "1 second", "1.s", ".5s", "1.0001ms", "1s 2ms", "inf",
                          "nan", "99999999999999999999d"}) {
    EXPECT_EQ(ms_of(text), -1) << text;
  }
  EXPECT_THAT(parse_duration("30").status().message(), HasSubstr("30s"));
}

TEST(Duration, IsWrittenInTheLargestExactUnit) {
  EXPECT_EQ(format_duration(Duration{90'000}), "90s");
  EXPECT_EQ(format_duration(Duration{600'000}), "10min");
  EXPECT_EQ(format_duration(Duration{1'500}), "1500ms");
  EXPECT_EQ(format_duration(Duration{0}), "0");
}

TEST(Bytes, ReadsBinaryUnitsAndPlainNumbers) {
  EXPECT_EQ(parse_bytes("900KiB").value(), 921'600);
  EXPECT_EQ(parse_bytes("1MiB").value(), 1'048'576);
  EXPECT_EQ(parse_bytes("512").value(), 512);
  for (const auto text : {"", "1MB", "0.5", "-1", "KiB"}) EXPECT_FALSE(parse_bytes(text).ok()) << text;
}

TEST(Integer, TakesWholeNumbersOnly) {
  EXPECT_EQ(parse_integer(" 42 ").value(), 42);
  for (const auto text : {"", "4.2", "4x", "99999999999999999999"}) EXPECT_FALSE(parse_integer(text).ok()) << text;
}

TEST(Time, ReadsRfc3339AndMilliseconds) {
  EXPECT_EQ(to_ms(parse_time("2026-07-17T23:38:21.402Z").value()), 1'784'331'501'402);
  EXPECT_EQ(to_ms(parse_time("1970-01-01T00:00:01Z").value()), 1'000);
  EXPECT_EQ(to_ms(parse_time("1784331501402").value()), 1'784'331'501'402);
}

TEST(Time, RefusesImpossibleOnes) {
  for (const auto text : {"", "yesterday", "2026-02-30T00:00:00Z", "2026-07-17T24:00:00Z", "2026-07-17T23:38:21",
                          "2026-07-17T23:38:21+02:00", "2026-07-17 23:38:21Z", "2026-07-17T23:38:21.Z", "-5"}) {
    EXPECT_FALSE(parse_time(text).ok()) << text;
  }
}

TEST(List, DropsBlanksAndEmptyParts) {
  EXPECT_THAT(split_list(" a, b,,c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split_list(""), IsEmpty());
}

}  // namespace
}  // namespace ebc::app
