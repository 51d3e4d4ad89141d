// Names of routing tables.
#include "run/routing_tables.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

TEST(NumberOfTable, reads_the_files_of_iproute2) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path();
  std::ofstream(path + "/rt_tables") << "# numbers\n255\tlocal\n 100 blue # sky\n#101 red\n";
  std::filesystem::create_directory(path + "/rt_tables.d");
  std::ofstream(path + "/rt_tables.d/more.conf") << "4000000000 green\n";
  std::ofstream(path + "/rt_tables.d/more.old") << "7 grey\n";
  EXPECT_EQ(number_of_table("blue", path), 100U);
  EXPECT_EQ(number_of_table("green", path), 4'000'000'000U);
  EXPECT_FALSE(number_of_table("red", path));
  EXPECT_FALSE(number_of_table("grey", path));
}

TEST(NumberOfTable, knows_the_kernels_own_without_files) {
  EXPECT_EQ(number_of_table("main", "/nowhere"), 254U);
  EXPECT_EQ(number_of_table("local", "/nowhere"), 255U);
  EXPECT_EQ(number_of_table("default", "/nowhere"), 253U);
  EXPECT_FALSE(number_of_table("blue", "/nowhere"));
}

}  // namespace
}  // namespace wring::run
