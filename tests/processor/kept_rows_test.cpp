// The rows of groups as format 1 has them: read for ever, and written exactly so today.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "processor/group/group_view.h"
#include "tests/processor/collector_world.h"
#include "tests/processor/map_reader.h"

namespace ebc::group {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using Rows = std::map<std::string, std::string>;

std::string bytes_of(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}
std::string hex_of(const std::string& bytes) {
  std::string hex;
  for (const char byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return hex;
}

Rows kept() {
  const auto file = std::filesystem::path(EBC_SOURCE_DIR) / "tests" / "kept" / "format-1" / "groups.hex";
  std::ifstream in(file);
  Rows rows;
  for (std::string key, value; in >> key >> value;) rows[bytes_of(key)] = bytes_of(value);
  return rows;
}

/// What was told when the file was written: a group of each kind of row.
void tell(World& world) {
  world.with_headers({{"traceparent", "00-1-2-01"}});
  world.create("small", {"a", "b", "c"},
               R"("ttl":60.5,"policy":"allSettled","payload":{"n":1e400},"labels":{"team":"x"},"sender":"s",)"
               R"("description":"d","parent":{"group":"p","entity":"e"},"handler":{"onsuccess":{"topic":"t"}})");
  std::vector<std::string> many;
  for (int i = 10; i < 90; ++i) many.push_back("e" + std::to_string(i));
  world.create("spread", many, R"("ttl":3600)");
  world.create("unsealed", {"a"}, R"("sealed":false,"policy":{"quorum":2})");
  world.commit();
  world.pass(1'234);
  world.done("small", "a", R"({"ok":true})");
  world.fail("small", "b", R"("broken")");
  world.done("spread", "e42", "\"" + std::string(600, 'x') + "\"");
  world.done("unsealed", "later", "1");
  world.done("early", "a", "2");
  world.commit();
}

TEST(KeptRows, AreWrittenAsTheyWere) {
  World world;
  tell(world);
  const Rows now = world.rows().committed(), then = kept();
  std::string text;
  for (const auto& [key, value] : now) text += hex_of(key) + " " + hex_of(value) + "\n";
  EXPECT_EQ(now, then) << "a new layout is a new format, with a folder of its own; this is what is written now:\n"
                       << text;
}

TEST(KeptRows, AreReadAsTheyWere) {
  const Rows rows = kept();
  const MapReader reader(rows);
  const auto shown = [&](std::string_view id) {
    auto view = read_group(reader, id);
    EXPECT_TRUE(view.ok()) << view.status().message();
    std::string json;
    if (view.ok()) encode_view(id, *view, 0, timestamp_from_ms(0), json);
    return json;
  };
  const auto small = shown("small");
  for (const auto piece :
       {R"("state":"open")", R"("created":"2027-01-15T08:00:00.000Z")", R"("ttl":60.5)", R"("missing":["c"])",
        R"("results":{"a":{"ok":true}})", R"("errors":{"b":"broken"})", R"("payload":{"n":1e400})",
        R"("settled":{"a":"2027-01-15T08:00:01.234Z","b":"2027-01-15T08:00:01.234Z"})",
        R"("parent":{"group":"p","entity":"e"})", R"("handler":{"onsuccess":"t"})"}) {
    EXPECT_THAT(small, HasSubstr(piece));
  }
  EXPECT_THAT(shown("spread"), HasSubstr(R"("missingCount":79)"));
  EXPECT_THAT(shown("spread"), HasSubstr(std::string(600, 'x')));
  EXPECT_THAT(shown("unsealed"), HasSubstr(R"("parkedEvents":1)"));
  EXPECT_THAT(shown("early"), StartsWith(R"({"id":"early","state":"waiting")"));
}

}  // namespace
}  // namespace ebc::group
