#include "app/watch_line.h"

#include <gmock/gmock.h>

namespace ebc::app {
namespace {

using testing::EndsWith;

BusRecord record_of(std::string_view value) { return {"key", value, timestamp_from_ms(1'784'331'501'402), 0, 0}; }

constexpr std::string_view kFailure =
    R"({"type":"EventGroupCollectorFailure","id":"g","entity":"e","error":"no\nspace","cause":"error"})";
constexpr std::string_view kDone = R"({"id":"e","type":"EventGroupCollectorEntityDone","group":"g"})";

TEST(WatchLine, TellsWhenWhatAndWhy) {
  EXPECT_EQ(watch_line(record_of(kFailure), false, false),
            R"(2026-07-17T23:38:21.402Z  Failure    g  error of e: "no\nspace")");
}

TEST(WatchLine, ShowsCommandsWithAllOnly) {
  EXPECT_EQ(watch_line(record_of(kDone), false, false), "");
  EXPECT_THAT(watch_line(record_of(kDone), true, false), EndsWith("EntityDone g  e"));
}

TEST(WatchLine, GivesTheEventItselfAsJson) {
  EXPECT_EQ(watch_line(record_of("{ \"type\" : \"EventGroupCollectorSuccess\" }"), false, true),
            R"({"type":"EventGroupCollectorSuccess"})");
  EXPECT_EQ(watch_line(record_of("not\njson"), true, true), R"("not\u000ajson")");
}

TEST(WatchLine, NeverLetsARecordForgeALine) {
  EXPECT_THAT(watch_line(record_of("x\n2026 Success \x1b[2J"), true, false), EndsWith("x\\n2026 Success \\x1b[2J"));
  EXPECT_THAT(watch_line(record_of(R"({"type":"EventGroupCollectorSuccess","id":"a\nb"})"), false, false),
              EndsWith("a\\nb"));
}

TEST(Time, IsWrittenInUtcWithMilliseconds) { EXPECT_EQ(format_time(timestamp_from_ms(7)), "1970-01-01T00:00:00.007Z"); }

}  // namespace
}  // namespace ebc::app
