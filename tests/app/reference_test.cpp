// The reference pages are those of the program at hand. EBC_WRITE_REFERENCE=1 writes them (scripts/reference).
#include "app/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ebc::app {
namespace {

void compare(const std::string& name, const std::string& page) {
  const auto file = std::filesystem::path(EBC_SOURCE_DIR) / "docs" / "reference" / name;
  if (std::getenv("EBC_WRITE_REFERENCE") != nullptr) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << page;
  }
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_TRUE(text.str() == page) << file << " is not what the program's tables say: run scripts/reference";
}

TEST(Reference, OptionsPageIsThatOfTheOptionTable) { compare("options.md", options_page()); }
TEST(Reference, MetricsPageIsThatOfTheMetricTable) { compare("metrics.md", metrics_page()); }

}  // namespace
}  // namespace ebc::app
