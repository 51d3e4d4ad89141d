// The note for the supervisor that comes after one that was killed.
#include "run/record.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

class RecordTest : public testing::Test {
 protected:
  Result<Record> open() { return Record::open("wg0", folder()); }
  std::string folder() { return temporary_.path() + "/wring"; }

  test::TemporaryFolder temporary_;
};

TEST_F(RecordTest, keeps_traces_until_it_is_removed) {
  const RoutingRule rule{IpVersion::kV6, RoutingRule::Kind::kUnmarked, 51820};
  {
    const auto first = open();
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_FALSE(first->found());
    ASSERT_TRUE(first->write({{rule, rule}, {DnsProgram::kResolvconf, "tun.wg0"}, true, false}));
    ASSERT_TRUE(first->write({{rule}, {DnsProgram::kResolvconf, "tun.wg0"}, true, true}));
  }
  const auto second = open();
  ASSERT_TRUE(second && second->found());
  ASSERT_EQ(second->found()->rules.size(), 1U);
  EXPECT_EQ(second->found()->rules[0], rule);
  EXPECT_EQ(second->found()->dns.program, DnsProgram::kResolvconf);
  EXPECT_EQ(second->found()->dns.name, "tun.wg0");
  EXPECT_TRUE(second->found()->protection);
  EXPECT_TRUE(second->found()->gateway);
  second->remove();
  EXPECT_FALSE(std::filesystem::exists(folder()));
}

TEST_F(RecordTest, belongs_to_one_process) {
  const auto first = open();
  ASSERT_TRUE(first);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EAGAIN);
  EXPECT_NE(second.error().message.find("another `wring run` has wg0"), std::string::npos);
}

TEST_F(RecordTest, one_that_is_spoilt_is_reported) {
  std::filesystem::create_directories(folder());
  std::ofstream(folder() + "/wg0.json") << "{\"rules\": 7";
  const auto record = open();
  ASSERT_FALSE(record);
  EXPECT_NE(record.error().message.find("is spoilt"), std::string::npos);
}

}  // namespace
}  // namespace wring::run
