#include "cli/options.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <initializer_list>

#include "crypto/aead_engine.h"

namespace wring {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class OptionsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* variable : {"LOG_LEVEL", "WG_PROCESS_FOREGROUND", "WG_TUN_FD", "WG_UAPI_FD",
                                 "WG_PACKET_FD", "WG_NETLINK_FD", "WRING_AEAD"})
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
  EXPECT_FALSE(options->handed_in.tun || options->handed_in.uapi);
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

TEST_F(OptionsTest, the_environment_chooses_the_cipher) {
  EXPECT_EQ(parse({"wg0"})->cipher, std::nullopt);
  setenv("WRING_AEAD", "", 1);
  EXPECT_EQ(parse({"wg0"})->cipher, std::nullopt);
  setenv("WRING_AEAD", "libsodium", 1);
  EXPECT_EQ(parse({"wg0"})->cipher, AeadBackend::kLibsodium);
  EXPECT_THAT(parse({"--version"}).error().text, EndsWith("\ncipher: libsodium\n"));
}

TEST_F(OptionsTest, a_cipher_that_is_not_there_is_refused_with_those_that_are) {
  ASSERT_TRUE(prepare_crypto());
  setenv("WRING_AEAD", "chacha", 1);
  EXPECT_THAT(
      parse({"wg0"}).error().text,
      AllOf(StartsWith("wring: WRING_AEAD=chacha: no implementation"), EndsWith("libsodium\n")));
  // It is told in the place of a cipher, and --version goes on.
  EXPECT_THAT(parse({"--version"}).error().text, HasSubstr("cipher: WRING_AEAD=chacha: no "));
  for (const NamedAeadBackend& each : kAeadBackends) {
    setenv("WRING_AEAD", std::string(each.name).c_str(), 1);
    const auto options = parse({"wg0"});
    EXPECT_EQ(options.has_value(), make_aead_engine(each.backend) != nullptr) << each.name;
    if (options) continue;
    EXPECT_THAT(options.error().text, HasSubstr("this processor lacks it; unset it"));
  }
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
  EXPECT_EQ(options->handed_in.tun, 0);
  EXPECT_EQ(options->handed_in.uapi, 4);
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

TEST_F(OptionsTest, packet_sockets_are_a_list) {
  setenv("WG_PACKET_FD", "5,7", 1);
  setenv("WG_NETLINK_FD", "6", 1);
  const auto options = parse({"wg0"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->handed_in.packets, (std::vector<int>{5, 7}));
  EXPECT_EQ(options->handed_in.netlink, 6);
  for (const char* wrong : {",", "5,", ",5", "5,,6", "5 ,6", "-1"}) {
    setenv("WG_PACKET_FD", wrong, 1);
    EXPECT_THAT(parse({"wg0"}).error().text, HasSubstr("not the number of an open descriptor"));
  }
}

TEST_F(OptionsTest, each_packet_socket_is_its_own) {
  setenv("WG_PACKET_FD", "5,5", 1);
  EXPECT_THAT(parse({"wg0"}).error().text, HasSubstr("WG_PACKET_FD names 5 twice"));
  setenv("WG_PACKET_FD", "5,6", 1);
  setenv("WG_NETLINK_FD", "6", 1);
  EXPECT_THAT(parse({"wg0"}).error().text, HasSubstr("WG_NETLINK_FD and WG_PACKET_FD are both 6"));
}

TEST_F(OptionsTest, packets_come_one_way_only) {
  setenv("WG_TUN_FD", "4", 1);
  setenv("WG_PACKET_FD", "5", 1);
  EXPECT_THAT(parse({"wg0"}).error().text, HasSubstr("both set"));
}

TEST_F(OptionsTest, a_netlink_socket_goes_with_an_interface) {
  setenv("WG_NETLINK_FD", "6", 1);
  EXPECT_THAT(parse({"wg0"}).error().text, HasSubstr("makes its own interface"));
}

}  // namespace
}  // namespace wring
