// Which case proves which row of the contract, and the table of it in docs/conformance.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/conformance/case.h"

namespace ebc::conformance {

/// One statement of the contract.
struct Row {
  std::string id, says;
  std::vector<std::string> tests;  ///< "Suite.Name" of tests outside of this suite that prove it
};

std::vector<Row> read_rows(const std::filesystem::path& file);
std::string read_text(const std::filesystem::path& file);

/// As Markdown.
std::string coverage_table(const std::vector<Row>& rows, const std::vector<Case>& cases);
/// The page with what stands between its two marks replaced.
std::string with_table(const std::string& page, const std::string& table);

/// Whether a source file below `folder` holds TEST(Suite, Name), in any of its forms.
bool test_exists(const std::filesystem::path& folder, const std::string& test);

}  // namespace ebc::conformance
