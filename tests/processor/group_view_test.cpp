#include "processor/group/group_view.h"

#include <gmock/gmock.h>

#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "processor/group/open_groups.h"
#include "tests/processor/collector_world.h"
#include "tests/processor/map_reader.h"

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
  Result<bool> get(std::string_view key, std::string& value) const override { return reader_.get(key, value); }
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
    return reader_.scan(from, until, visit);
  }

 private:
  const std::map<std::string, std::string> rows_;
  const MapReader reader_{rows_};
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

Page page_of(World& world, const PageQuery& query) {
  const Committed rows(world);
  const HomeRows home{3, &rows};
  OpenPage open = open_groups({&home, 1}, query);
  EXPECT_THAT(open.homes, ElementsAre(3));
  return std::move(open.page);
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
  auto page = page_of(world, {.limit = 3});
  EXPECT_THAT(ids(page), ElementsAre("a", "b", "c"));
  ASSERT_TRUE(page.next);
  page = page_of(world, {.after = *page.next, .limit = 3});
  EXPECT_THAT(ids(page), ElementsAre("d"));
  EXPECT_FALSE(page.next);
}

TEST(OpenGroups, ArePagedByDeadline) {
  World world;
  world.create("late", {"x"}, R"("ttl":90)");
  world.create("soon", {"x"}, R"("ttl":10)");
  world.create("middle", {"x"}, R"("ttl":50)");
  world.done("waits", "x");  // its timer is none of a group
  world.commit();
  auto page = page_of(world, {.order = GroupOrder::Deadline, .limit = 2});
  EXPECT_THAT(ids(page), ElementsAre("soon", "middle"));
  page = page_of(world, {.order = GroupOrder::Deadline, .after = *page.next, .limit = 2});
  EXPECT_THAT(ids(page), ElementsAre("late"));
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
    auto page = page_of(world, query);
    for (auto& id : ids(page)) all.push_back(id);
    if (!page.next) break;
    query.after = *page.next;
  }
  EXPECT_THAT(all, ElementsAre("g10", "g20", "g30", "g40"));
  EXPECT_EQ(pages, 5);
  query = {.created_before = timestamp_from_ms(world.now_ms()), .rows = 1'000};
  EXPECT_THAT(ids(page_of(world, query)), IsEmpty());
}

/// Counts what is read of it.
class Counted final : public RowReader {
 public:
  explicit Counted(World& world) : rows_(world) {}
  Result<bool> get(std::string_view key, std::string& value) const override { return ++gets_, rows_.get(key, value); }
  Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
    if (fails_) return {Verdict::Retry, "closed"};
    return rows_.scan(from, until, [&](std::string_view key, std::string_view value) {
      ++scanned_;
      return visit(key, value);
    });
  }
  void fail() { fails_ = true; }
  std::size_t read() const { return gets_ + scanned_; }

 private:
  const Committed rows_;
  mutable std::size_t gets_ = 0, scanned_ = 0;
  bool fails_ = false;
};

TEST(OpenGroups, OfManyHomesAreReadByTheirTurn) {
  constexpr int kHomes = 8, kEach = 40;
  std::vector<World> worlds(kHomes);
  std::vector<std::string> all;
  for (int i = 0; i < kHomes * kEach; ++i) {
    all.push_back("g" + std::to_string(1'000 + i));
    worlds[static_cast<std::size_t>(i % kHomes)].create(all.back(), {"x"});
  }
  std::deque<Counted> rows;
  std::vector<HomeRows> homes;
  for (auto& world : worlds) {
    world.commit();
    homes.push_back({static_cast<Partition>(homes.size()), &rows.emplace_back(world)});
  }
  const auto read = [&rows] {
    std::size_t sum = 0;
    for (const auto& one : rows) sum += one.read();
    return sum;
  };

  PageQuery query{.limit = 16};
  EXPECT_THAT(ids(open_groups(homes, query).page), testing::ElementsAreArray(all.begin(), all.begin() + 16));
  EXPECT_LT(read(), 120U) << "a page of 16 reads little more than 16 groups, however many there are";
  std::vector<std::string> paged;
  for (query.limit = 7;;) {
    const auto open = open_groups(homes, query);
    for (const auto& id : ids(open.page)) paged.push_back(id);
    if (!open.page.next) break;
    query.after = *open.page.next;
  }
  EXPECT_EQ(paged, all);
}

TEST(OpenGroups, NameTheHomesThatTheySpeakFor) {
  World world;
  world.create("g", {"x"});
  world.commit();
  const Counted good(world);
  Counted bad(world);
  bad.fail();
  const std::vector<HomeRows> homes{{2, &good}, {5, &bad}};
  const auto open = open_groups(homes, {});
  EXPECT_THAT(open.homes, ElementsAre(2));
  EXPECT_THAT(ids(open.page), ElementsAre("g"));
}

/// Timers of groups with these deadlines, and how a reader sees them.
class Deadlines {
 public:
  void add(const std::string& id, std::int64_t deadline) {
    Group group;
    group.created = timestamp_from_ms(0);
    group.deadline = timestamp_from_ms(deadline);
    std::string key, row;
    head_key(id, key);
    encode_group(group, row);
    rows_[key] = row;
    timer_key(group.deadline, TimerKind::Deadline, id, 0, key);
    rows_[key] = "1";
  }
  void remove(const std::string& id, std::int64_t deadline) {
    std::string key;
    head_key(id, key);
    rows_.erase(key);
    timer_key(timestamp_from_ms(deadline), TimerKind::Deadline, id, 0, key);
    rows_.erase(key);
  }

  class Rows final : public RowReader {
   public:
    explicit Rows(const Deadlines& all) : reader_(all.rows_) {}
    Result<bool> get(std::string_view key, std::string& value) const override { return reader_.get(key, value); }
    Status scan(std::string_view from, std::string_view until, const KeyValueStore::Visitor& visit) const override {
      EBC_TRY(reader_.scan(from, until, visit));
      if (meanwhile) std::exchange(meanwhile, {})();
      return {};
    }
    mutable std::function<void()> meanwhile;

   private:
    const MapReader reader_;
  };

 private:
  std::map<std::string, std::string> rows_;
};

TEST(DeadlineFloor, LetsAListBeginBehindWhatIsGone) {
  Deadlines deadlines;
  DeadlineFloor floor;
  Deadlines::Rows rows(deadlines);
  const auto list = [&] {
    const HomeRows home{0, &rows, &floor};
    return ids(open_groups({&home, 1}, {.order = GroupOrder::Deadline}).page);
  };
  deadlines.add("gone", 1'000);
  deadlines.add("a", 5'000);
  floor.committed(timestamp_from_ms(1'000));
  EXPECT_THAT(list(), ElementsAre("gone", "a"));
  deadlines.remove("gone", 1'000);
  EXPECT_THAT(list(), ElementsAre("a"));
  EXPECT_THAT(list(), ElementsAre("a"));
  EXPECT_EQ(DeadlineFloor::Look(floor).from(), timestamp_from_ms(5'000));

  floor.committed(timestamp_from_ms(3'000));
  deadlines.add("b", 3'000);
  EXPECT_THAT(list(), ElementsAre("b", "a")) << "an earlier one brings it back";

  // Committed after the rows were read and before the floor is raised.
  rows.meanwhile = [&] {
    floor.committed(timestamp_from_ms(2'000));
    deadlines.add("c", 2'000);
  };
  EXPECT_THAT(list(), ElementsAre("b", "a"));
  EXPECT_THAT(list(), ElementsAre("c", "b", "a"));

  for (const auto& [id, at] : {std::pair{"a", 5'000}, {"b", 3'000}, {"c", 2'000}}) deadlines.remove(id, at);
  EXPECT_THAT(list(), IsEmpty());
  floor.committed(timestamp_from_ms(9'000));
  deadlines.add("d", 9'000);
  EXPECT_THAT(list(), ElementsAre("d"));
}

TEST(DeadlineFloor, IsRaisedByOneReaderAtATime) {
  DeadlineFloor floor;
  DeadlineFloor::Look one(floor);
  floor.committed(timestamp_from_ms(10));
  DeadlineFloor::Look other(floor);  // it may have seen that; the first one hasn't
  other.found(timestamp_from_ms(50));
  one.found(timestamp_from_ms(50));
  EXPECT_EQ(DeadlineFloor::Look(floor).from(), timestamp_from_ms(10));
}

TEST(DeadlineFloor, FollowsACollector) {
  World world;
  world.create("late", {"x"}, R"("ttl":90)");
  world.commit();
  const auto list = [&] {
    const Committed rows(world);
    const HomeRows home{3, &rows, world.floors().of(world.home()).get()};
    return ids(open_groups({&home, 1}, {.order = GroupOrder::Deadline}).page);
  };
  EXPECT_THAT(list(), ElementsAre("late"));
  world.create("soon", {"x"}, R"("ttl":10)");
  EXPECT_THAT(list(), ElementsAre("late"));
  world.commit();
  EXPECT_THAT(list(), ElementsAre("soon", "late"));
  world.done("soon", "x");
  world.commit();
  EXPECT_THAT(list(), ElementsAre("late"));
  world.restart();
  world.create("soon", {"x"}, R"("ttl":10)");
  world.commit();
  EXPECT_THAT(list(), ElementsAre("soon", "late"));
}

TEST(OpenGroups, OfSeveralInstancesAreMergedWithoutLeavingAnyOut) {
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
