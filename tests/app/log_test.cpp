#include "app/log.h"

#include <gmock/gmock.h>
#include <spdlog/formatter.h>

#include "app/command_json.h"

namespace ebc::app {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::string line_of(std::string_view format, std::string_view message) {
  const spdlog::details::log_msg log("eb-collector", spdlog::level::warn,
                                     spdlog::string_view_t(message.data(), message.size()));
  spdlog::memory_buf_t out;
  make_log_formatter(format)->format(log, out);
  return {out.data(), out.size()};
}

TEST(Log, KeepsATextMessageOnOneLine) {
  const auto line = line_of("text", "group a\nb\x1b[2J\t\x7f");
  EXPECT_THAT(line,
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z warning group a.*\n"));
  EXPECT_THAT(line, HasSubstr("a\\nb\\x1b[2J\\t\\x7f"));
}

TEST(Log, WritesOneJsonObjectALine) {
  const auto line = line_of("json", "say \"hi\"\n\\");
  EXPECT_TRUE(check_json(line).ok()) << line;
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_THAT(line, HasSubstr(R"("level":"warning")"));
  EXPECT_THAT(line, HasSubstr(R"("message":"say \"hi\"\u000a\\")"));
}

}  // namespace
}  // namespace ebc::app
