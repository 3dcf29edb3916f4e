#include "tests/conformance/coverage.h"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/conformance/json_view.h"

namespace ebc::conformance {
namespace {

constexpr std::string_view kBegin = "<!-- table: begin -->\n";
constexpr std::string_view kEnd = "<!-- table: end -->";

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, "\\");
  return text;
}

}  // namespace

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<Row> read_rows(const std::filesystem::path& file) {
  std::vector<Row> rows;
  const std::string text = read_text(file);
  for (const JsonView& json : JsonView{text}.elements()) {
    Row row{json.find("row").value().string(), json.find("says").value().string(), {}};
    if (const auto tests = json.find("tests")) {
      for (const JsonView& test : tests->elements()) row.tests.push_back(test.string());
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string coverage_table(const std::vector<Row>& rows, const std::vector<Case>& cases) {
  std::string table = "| row | the contract says | proved by |\n|---|---|---|\n";
  for (const Row& row : rows) {
    std::string proofs;
    const auto add = [&proofs](const std::string& proof) { proofs += (proofs.empty() ? "" : "<br>") + cell(proof); };
    for (const Case& one : cases) {
      for (const std::string& proved : one.proves) {
        if (proved == row.id) add(one.name + " (" + one.file + ")");
      }
    }
    for (const std::string& test : row.tests) add("test `" + test + "`");
    table += "| `" + row.id + "` | " + cell(row.says) + " | " + proofs + " |\n";
  }
  return table;
}

std::string with_table(const std::string& page, const std::string& table) {
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find(kEnd);
  if (begin == page.npos || end == page.npos) throw std::runtime_error("the page has no marks for the table");
  return page.substr(0, begin + kBegin.size()) + table + page.substr(end);
}

bool test_exists(const std::filesystem::path& folder, const std::string& test) {
  const std::size_t dot = test.find('.');
  const std::string wanted = "(" + test.substr(0, dot) + ", " + test.substr(dot + 1) + ")";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".cpp" && read_text(entry.path()).find(wanted) != std::string::npos) return true;
  }
  return false;
}

}  // namespace ebc::conformance
