#include "client/interfaces.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace wring::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(InterfacesTest, those_that_answer_are_listed_by_name) {
  const test::TemporaryFolder folder;
  const auto second = UapiSocket::open("wg1", folder.path());
  const auto first = UapiSocket::open("wg0", folder.path());
  ASSERT_TRUE(first && second);
  std::ofstream(folder.path() + "/file.sock") << "no socket";
  std::filesystem::rename(folder.path() + "/wg1.sock", folder.path() + "/a.b.sock");
  EXPECT_THAT(list_interfaces(folder.path()).value(), ElementsAre("a.b", "wg0"));
}

TEST(InterfacesTest, what_a_dead_engine_left_is_not_listed_and_stays) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/wg0.sock";
  {
    const auto dead = UapiSocket::open("wg0", folder.path());
    ASSERT_TRUE(dead);
    std::filesystem::create_hard_link(path, folder.path() + "/kept");
  }
  std::filesystem::rename(folder.path() + "/kept", path);
  EXPECT_THAT(list_interfaces(folder.path()).value(), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(InterfacesTest, a_missing_folder_has_none) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(list_interfaces(folder.path() + "/none").value(), IsEmpty());
}

TEST(InterfacesTest, what_is_no_folder_is_an_error) {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() + "/file") << "";
  const auto listed = list_interfaces(folder.path() + "/file");
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ENOTDIR);
}

TEST(InterfacesTest, a_name_is_no_path) {
  for (const std::string& name : {std::string(), std::string("../x"), std::string(200, 'x')})
    EXPECT_EQ(control_address(name, "/run").error().code, EINVAL) << name;
  EXPECT_STREQ(control_address("wg0", "/run").value().sun_path, "/run/wg0.sock");
}

}  // namespace
}  // namespace wring::client
