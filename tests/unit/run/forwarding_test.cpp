// What is said where packets are not passed on.
#include "run/forwarding.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

TEST(MissingForwarding, names_the_settings_of_the_versions_in_use) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() + "/ipv4");
  std::filesystem::create_directories(folder.path() + "/ipv6/conf/all");
  std::ofstream(folder.path() + "/ipv4/ip_forward") << "1\n";
  std::ofstream(folder.path() + "/ipv6/conf/all/forwarding") << "0\n";
  EXPECT_EQ(missing_forwarding(true, false, folder.path()), "");
  const std::string line = missing_forwarding(true, true, folder.path());
  EXPECT_NE(line.find("sysctl -w net.ipv6.conf.all.forwarding=1 ("), std::string::npos) << line;
  EXPECT_EQ(missing_forwarding(false, false, "/nowhere"), "");
  EXPECT_NE(missing_forwarding(true, false, "/nowhere"), "");
}

}  // namespace
}  // namespace wring::run
