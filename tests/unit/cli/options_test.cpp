#include "cli/options.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <initializer_list>

namespace wring {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class OptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* variable : {"LOG_LEVEL", "WG_PROCESS_FOREGROUND", "WG_TUN_FD", "WG_UAPI_FD"})
      unsetenv(variable);
  }

  static tl::expected<Options, Stop> parse(std::initializer_list<const char*> words) {
    std::vector<const char*> argv{"wring"};
    argv.insert(argv.end(), words);
    return parse_options(static_cast<int>(argv.size()), argv.data());
  }
};

TEST_F(OptionsTest, a_name_is_enough) {
  const auto options = parse({"wg0"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->interface, "wg0");
  EXPECT_FALSE(options->foreground);
  EXPECT_TRUE(options->offload);
  EXPECT_TRUE(options->privileges.filter_system_calls);
  EXPECT_FALSE(options->tun_fd || options->uapi_fd);
  EXPECT_GE(options->workers, 1u);
  EXPECT_LE(options->workers, 4u);
}

TEST_F(OptionsTest, help_and_version_are_no_failure) {
  const auto help = parse({"--help"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_status, 0);
  EXPECT_THAT(help.error().text, HasSubstr("--drop-all"));
  const auto version = parse({"--version"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().exit_status, 0);
  EXPECT_THAT(version.error().text, StartsWith("wring "));
}

TEST_F(OptionsTest, what_is_wrong_is_one_line_and_status_1) {
  for (const auto& words : std::initializer_list<std::initializer_list<const char*>>{
           {},
           {"--no-such-option", "wg0"},
           {"--workers", "0", "wg0"},
           {"--cpus", "", "wg0"},
           {"--cpus", "0", "--workers", "2", "wg0"},
           {"--keylog", "", "wg0"},
           {"--user", "no-such-user", "wg0"}}) {
    const auto options = parse(words);
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().exit_status, 1);
    EXPECT_THAT(options.error().text, StartsWith("wring: "));
    EXPECT_EQ(options.error().text.find('\n'), options.error().text.size() - 1);
  }
}

TEST_F(OptionsTest, the_command_line_overrules_the_log_level_of_the_environment) {
  setenv("LOG_LEVEL", "verbose", 1);
  EXPECT_EQ(parse({"wg0"})->log_level, LogLevel::kVerbose);
  EXPECT_EQ(parse({"--log-level", "silent", "wg0"})->log_level, LogLevel::kSilent);
  setenv("LOG_LEVEL", "of another program", 1);
  EXPECT_EQ(parse({"wg0"})->log_level, LogLevel::kError);
}

TEST_F(OptionsTest, descriptors_come_from_the_environment) {
  setenv("WG_TUN_FD", "0", 1);
  setenv("WG_UAPI_FD", "4", 1);
  const auto options = parse({"wg0"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->tun_fd, 0);
  EXPECT_EQ(options->uapi_fd, 4);
  for (const char* wrong : {"-1", "3x", " 3", "99999999999"}) {
    setenv("WG_TUN_FD", wrong, 1);
    EXPECT_THAT(parse({"wg0"}).error().text, HasSubstr("not the number of an open descriptor"));
  }
}

TEST_F(OptionsTest, one_descriptor_is_not_both_interface_and_socket) {
  setenv("WG_TUN_FD", "3", 1);
  setenv("WG_UAPI_FD", "3", 1);
  EXPECT_THAT(parse({"wg0"}).error().text, HasSubstr("WG_TUN_FD and WG_UAPI_FD are both 3"));
}

}  // namespace
}  // namespace wring
