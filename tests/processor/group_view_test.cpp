#include "processor/group/group_view.h"

#include <gmock/gmock.h>

#include "processor/group/open_groups.h"
#include "tests/processor/collector_world.h"

namespace ebc::group {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// What a reader outside sees: committed rows only.
class Committed final : public RowReader {
 public:
  explicit Committed(World& world) : rows_(world.rows().committed()) {}
  Result<bool> get(std::string_view key, std::string& value) const override {
    const auto found = rows_.find(std::string(key));
    if (found == rows_.end()) return false;
    value = found->second;
    return true;
  }
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
    for (auto row = rows_.lower_bound(std::string(from)); row != rows_.end(); ++row) {
      if (!until.empty() && row->first >= until) break;
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }

 private:
  const std::map<std::string, std::string> rows_;
};

std::string shown(World& world, std::string_view id) {
  auto view = read_group(Committed(world), id);
  EXPECT_TRUE(view.ok());
  std::string json;
  encode_view(id, *view, 3, timestamp_from_ms(0), json);
  JsonValue whole;
  EXPECT_TRUE(JsonScanner(json, 20).whole(whole)) << json;
  return json;
}

std::vector<std::string> ids(const Page& page) {
  std::vector<std::string> ids;
  for (const auto& item : page.items) ids.push_back(item.json.substr(7, item.json.find('"', 7) - 7));
  return ids;
}

TEST(GroupView, ShowsACompactGroupAsItIsCommitted) {
  World world;
  world.create("g", {"a", "b", "c"}, R"("ttl":60,"policy":{"tolerate":1},"labels":{"team":"x"},"payload":1e400)");
  world.done("g", "a", R"({"n":1})");
  world.pass(1'000);
  world.fail("g", "b", R"("broken")");
  EXPECT_EQ(read_group(Committed(world), "g")->kind, GroupView::Kind::Unknown);
  world.commit();
  EXPECT_EQ(shown(world, "g"),
            R"({"id":"g","state":"open","home":3,"created":"2027-01-15T08:00:00.000Z",)"
            R"("deadline":"2027-01-15T08:01:00.000Z","policy":{"tolerate":1},"sealed":true,"expectedCount":3,)"
            R"("resultCount":1,"errorCount":1,"missingCount":1,"asOf":"1970-01-01T00:00:00.000Z","ttl":60,)"
            R"("parkedEvents":0,"expected":["a","b","c"],"missing":["c"],"results":{"a":{"n":1}},)"
            R"("errors":{"b":"broken"},"settled":{"a":"2027-01-15T08:00:00.000Z","b":"2027-01-15T08:00:01.000Z"},)"
            R"("complete":true,"labels":{"team":"x"},"payload":1e400,"origin":"in/3/0"})");
}

TEST(GroupView, SaysThatAnEarlyEntitySettledWithTheCreate) {
  World world;
  world.done("g", "a", "1");
  world.commit();
  world.pass(3'000);
  world.create("g", {"a", "b"});
  world.commit();
  EXPECT_THAT(shown(world, "g"), HasSubstr(R"("settled":{"a":"2027-01-15T08:00:03.000Z"})"));
}

TEST(GroupView, KeepsWhenItSettledInAFewBytes) {
  const auto row_bytes = [](std::optional<Duration> settled) {
    EntityList entities;
    Entity& entity = entities.append("a");
    if (settled) entity.state = EntityState::Result, entity.settled = *settled;
    std::string row;
    encode_bucket(entities, row);
    EntityList again;
    EXPECT_TRUE(decode_bucket(row, again));
    EXPECT_EQ(again.begin()->settled, settled.value_or(Duration{0}));
    return row.size();
  };
  const std::size_t awaited = row_bytes({});
  EXPECT_EQ(row_bytes(Duration{100}), awaited + 1);
  EXPECT_EQ(row_bytes(Duration{16'000}), awaited + 2);
  EXPECT_EQ(row_bytes(Duration{std::chrono::minutes(30)}), awaited + 3);
  EXPECT_EQ(row_bytes(Duration{std::chrono::hours(24 * 400)}), awaited + 6);
}

TEST(GroupView, ShowsASpreadGroupInTheSameWay) {
  World world;
  std::vector<std::string> expected;
  for (int i = 100; i < 400; ++i) expected.push_back("e" + std::to_string(i));
  world.create("g", expected, R"("labels":{"team":"x"})");
  world.commit();
  world.pass(2'500);
  world.done("g", "e150", "42");
  world.commit();
  const auto json = shown(world, "g");
  for (const auto piece :
       {R"("missingCount":299)", R"("results":{"e150":42})", R"("missing":["e100","e101")",
        R"("settled":{"e150":"2027-01-15T08:00:02.500Z"})", R"("labels":{"team":"x"})", R"("complete":true)"}) {
    EXPECT_THAT(json, HasSubstr(piece));
  }
}

TEST(GroupView, PutsTheMissingFirstWithinItsLimits) {
  World world;
  std::vector<std::string> expected;
  for (int i = 100; i < 400; ++i) expected.push_back("e" + std::to_string(i));
  world.create("g", expected);
  for (int i = 100; i < 390; ++i) world.done("g", "e" + std::to_string(i), R"("some result")");
  world.commit();
  auto view = read_group(Committed(world), "g", {.ids = 20, .bytes = 50});
  ASSERT_TRUE(view.ok());
  EXPECT_FALSE(view->complete);
  EXPECT_EQ(view->shown.front().id, "e390");
  EXPECT_EQ(view->shown[9].state, EntityState::Awaited);
  EXPECT_THAT(view->shown, SizeIs(10 + 50 / 13));
}

TEST(GroupView, TellsAWaitingGroupFromAnUnknownOne) {
  World world;
  world.done("early", "a");
  world.commit();
  EXPECT_EQ(shown(world, "early"),
            R"({"id":"early","state":"waiting","home":3,"asOf":"1970-01-01T00:00:00.000Z","waitingEvents":1})");
  EXPECT_EQ(read_group(Committed(world), "nobody")->kind, GroupView::Kind::Unknown);
}

TEST(GroupView, NamesARowThatCantBeRead) {
  World world;
  world.create("g", {"a"});
  world.commit();
  world.rows().damage("\x10g", "nonsense");
  EXPECT_EQ(read_group(Committed(world), "g").status().verdict(), Verdict::TaskCorrupted);
}

TEST(GroupView, FetchesValuesThatLieApart) {
  World world;
  std::vector<std::string> expected;
  for (int i = 100; i < 150; ++i) expected.push_back("e" + std::to_string(i));
  world.create("g", expected);
  world.done("g", "e120", "\"" + std::string(5'000, 'x') + "\"");
  world.commit();
  EXPECT_THAT(shown(world, "g"), HasSubstr(std::string(5'000, 'x')));
}

TEST(GroupView, MatchesLabelsHoweverTheyAreEscaped) {
  EXPECT_TRUE(has_label(R"({"a":"x","te\u0061m":"b\"c"})", "team", "b\"c"));
  EXPECT_FALSE(has_label(R"({"a":"x"})", "a", "y"));
  EXPECT_FALSE(has_label("", "a", ""));
}

TEST(OpenGroups, ArePagedById) {
  World world;
  for (const auto id : {"d", "a", "c", "b"}) world.create(id, {"x"});
  world.done("waits", "x");
  world.commit();
  auto page = open_groups(Committed(world), 3, {.limit = 3});
  EXPECT_THAT(ids(*page), ElementsAre("a", "b", "c"));
  ASSERT_TRUE(page->next);
  page = open_groups(Committed(world), 3, {.after = *page->next, .limit = 3});
  EXPECT_THAT(ids(*page), ElementsAre("d"));
  EXPECT_FALSE(page->next);
}

TEST(OpenGroups, ArePagedByDeadline) {
  World world;
  world.create("late", {"x"}, R"("ttl":90)");
  world.create("soon", {"x"}, R"("ttl":10)");
  world.create("middle", {"x"}, R"("ttl":50)");
  world.done("waits", "x");  // its timer is none of a group
  world.commit();
  auto page = open_groups(Committed(world), 3, {.order = GroupOrder::Deadline, .limit = 2});
  EXPECT_THAT(ids(*page), ElementsAre("soon", "middle"));
  page = open_groups(Committed(world), 3, {.order = GroupOrder::Deadline, .after = *page->next, .limit = 2});
  EXPECT_THAT(ids(*page), ElementsAre("late"));
}

TEST(OpenGroups, AreFilteredAndGoOnWhereTheWorkWasCut) {
  World world;
  for (int i = 10; i < 50; ++i) {
    world.create("g" + std::to_string(i), {"x"}, i % 10 == 0 ? R"("labels":{"team":"x"})" : R"("labels":{"team":"y"})");
  }
  world.commit();
  PageQuery query{.limit = 10, .label = {{"team", "x"}}, .rows = 7};
  std::vector<std::string> all;
  int pages = 0;
  for (;; ++pages) {
    auto page = open_groups(Committed(world), 3, query);
    for (auto& id : ids(*page)) all.push_back(id);
    if (!page->next) break;
    query.after = *page->next;
  }
  EXPECT_THAT(all, ElementsAre("g10", "g20", "g30", "g40"));
  EXPECT_EQ(pages, 5);
  query = {.created_before = timestamp_from_ms(world.now_ms()), .rows = 1'000};
  EXPECT_THAT(ids(*open_groups(Committed(world), 3, query)), IsEmpty());
}

TEST(OpenGroups, OfSeveralHomesAreMergedWithoutLeavingAnyOut) {
  // The first page was cut at "c": what the second one holds behind it must come with the next page.
  const Page merged = merge({{{{"a", "A"}, {"c", "C"}}, "c"}, {{{"b", "B"}, {"d", "D"}}, std::nullopt}}, 10);
  ASSERT_THAT(merged.items, SizeIs(3));
  EXPECT_EQ(merged.items[1].json, "B");
  EXPECT_EQ(merged.next, "c");
  const Page cut = merge({{{{"a", "A"}, {"b", "B"}}, std::nullopt}, {{{"c", "C"}}, std::nullopt}}, 2);
  EXPECT_EQ(cut.next, "b");
  EXPECT_FALSE(merge({}, 5).next);
}

}  // namespace
}  // namespace ebc::group
