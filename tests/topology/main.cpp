// As gtest's own main, with the engine's log lines only when they are asked for.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (std::getenv("EBC_TEST_LOG") == nullptr) spdlog::set_level(spdlog::level::off);
  return RUN_ALL_TESTS();
}
