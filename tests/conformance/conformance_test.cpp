// Plays every case on the pure core and on the test driver, live and as a backlog; and holds the table of
// docs/conformance.md to the cases.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "tests/conformance/coverage.h"
#include "tests/conformance/stage.h"

namespace ebc::conformance {
namespace {

const std::filesystem::path kFolder = EBC_CONFORMANCE_FOLDER;

using Stage = Played (*)(const Case&, Reading);

void play(const Case& one, Stage stage, Reading reading) {
  std::vector<std::string> found;
  try {
    found = differences(one, stage(one, reading));
  } catch (const std::exception& error) {
    found.push_back(error.what());
  }
  for (const std::string& difference : found) {
    ADD_FAILURE() << one.file << ": \"" << one.name << "\", read " << (reading == Reading::Live ? "live" : "late")
                  << ": " << difference;
  }
}

class Conformance : public ::testing::TestWithParam<std::string> {
 protected:
  std::vector<Case> cases() const { return read_cases(kFolder / "cases" / (GetParam() + ".json")); }
};

TEST_P(Conformance, OfThePureCore) {
  for (const Case& one : cases()) {
    if (one.process_only) continue;
    play(one, play_on_core, Reading::Live);
    if (!one.live) play(one, play_on_core, Reading::Backlog);
  }
}

TEST_P(Conformance, OfTheDriver) {
  for (const Case& one : cases()) {
    if (one.process_only) continue;
    play(one, play_on_driver, Reading::Live);
    if (!one.live) play(one, play_on_driver, Reading::Backlog);
  }
}

std::vector<std::string> case_files() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder / "cases")) names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Cases, Conformance, ::testing::ValuesIn(case_files()), [](const auto& file) {
  std::string name = file.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(ConformanceTable, IsThatOfTheCases) {
  const std::vector<Case> cases = read_all_cases(kFolder / "cases");
  const std::vector<Row> rows = read_rows(kFolder / "rows.json");
  const std::string page = read_text(kFolder / "../../docs/conformance.md");
  const std::string table = coverage_table(rows, cases);
  if (std::getenv("EBC_UPDATE_DOCS") != nullptr) {
    std::ofstream(kFolder / "../../docs/conformance.md", std::ios::binary) << with_table(page, table);
    return;
  }
  EXPECT_EQ(page, with_table(page, table)) << "EBC_UPDATE_DOCS=1 conformance_tests --gtest_filter=ConformanceTable.* "
                                              "writes it anew";
}

TEST(ConformanceTable, LeavesNoRowWithoutAProof) {
  const std::vector<Case> cases = read_all_cases(kFolder / "cases");
  const std::vector<Row> rows = read_rows(kFolder / "rows.json");
  std::set<std::string> known;
  std::set<std::string> names;
  for (const Row& row : rows) {
    EXPECT_TRUE(known.insert(row.id).second) << "two rows " << row.id;
    for (const std::string& test : row.tests) {
      EXPECT_TRUE(test_exists(kFolder / "..", test)) << row.id << " names a test that isn't there: " << test;
    }
  }
  std::set<std::string> proved;
  for (const Case& one : cases) {
    EXPECT_TRUE(names.insert(one.name).second) << "two cases \"" << one.name << "\"";
    EXPECT_FALSE(one.proves.empty()) << one.name;
    for (const std::string& row : one.proves) {
      EXPECT_TRUE(known.contains(row)) << "case \"" << one.name << "\" proves an unknown row " << row;
      proved.insert(row);
    }
  }
  for (const Row& row : rows) {
    EXPECT_TRUE(proved.contains(row.id) || !row.tests.empty()) << "nothing proves " << row.id;
  }
  std::cout << "MEASURED conformance_cases=" << cases.size() << " rows=" << rows.size() << "\n";
}

/// Cases of one option set share a process and a topic there.
TEST(ConformanceCases, HaveGroupIdsOfTheirOwn) {
  std::map<std::string, std::string> owner;
  for (const Case& one : read_all_cases(kFolder / "cases")) {
    std::set<std::string> ids;
    for (const Step& step : one.steps) {
      if (step.kind == Step::Kind::Send && step.key) ids.insert(*step.key);
    }
    for (const ExpectedOutcome& outcome : one.outcomes) ids.insert(outcome.key);
    for (const std::string& id : ids) {
      const auto [other, fresh] = owner.try_emplace(id, one.name);
      EXPECT_TRUE(fresh) << "group " << id << " is in \"" << one.name << "\" and in \"" << other->second << "\"";
    }
  }
}

}  // namespace
}  // namespace ebc::conformance
