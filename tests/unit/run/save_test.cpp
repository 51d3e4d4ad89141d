// What a configuration says once it took the state of its tunnel.
#include "run/save.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "config/parser.h"
#include "config/printer.h"
#include "ip/endpoint_parse.h"
#include "tests/support/temporary_folder.h"

namespace wring::run {
namespace {

config::TunnelConfig config_with_names() {
  auto [config, diagnostics] = config::parse(
      "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n"
      "Address = 10.0.0.1/24\nMTU = 1400\nDNS = 10.0.0.9\nSaveConfig = true\n"
      "[Peer]\n# friendly_name = office\n"
      "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nEndpoint = a.example:7\n",
      "wg0.conf");
  EXPECT_FALSE(diagnostics.has_errors());
  return std::move(config);
}

TEST(TakeState, replaces_what_can_be_seen_and_keeps_names) {
  auto config = config_with_names();
  client::InterfaceState state;
  state.device.listen_port = 51820;
  state.device.fwmark = 7;
  state.peers.resize(2);
  state.peers[0].public_key = config.peers[0].public_key->value;
  state.peers[0].endpoint = *parse_endpoint("192.0.2.1:7");
  state.peers[0].allowed_ips = {*IpPrefix::parse("10.0.0.2/32")};
  state.peers[1].public_key.bytes[0] = 1;
  state.peers[1].endpoint = *parse_endpoint("[2001:db8::1]:9");
  state.peers[1].persistent_keepalive_s = 25;
  take_state(config, std::move(state),
             {{{*IpAddress::parse("10.0.1.1"), 16}, {*IpAddress::parse("fe80::1"), 64}}, 1300});
  const std::string text = print(config);
  EXPECT_EQ(text,
            "[Interface]\nListenPort = 51820\nFwMark = 7\nAddress = 10.0.1.1/16\n"
            "DNS = 10.0.0.9\nMTU = 1300\nSaveConfig = true\n\n"
            "[Peer]\n# friendly_name = office\n"
            "PublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
            "AllowedIPs = 10.0.0.2/32\nEndpoint = a.example:7\n\n"
            "[Peer]\nPublicKey = AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
            "Endpoint = [2001:db8::1]:9\nPersistentKeepalive = 25\n");
}

TEST(ReplaceFile, puts_one_file_in_the_place_of_another) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/wg0.conf";
  std::ofstream(path) << "old and longer";
  std::ofstream(path + ".tmp") << "of a process that was killed";
  ASSERT_TRUE(replace_file(path, "new"));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "new");
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
  EXPECT_FALSE(replace_file(folder.path() + "/nowhere", "new"));
}

}  // namespace
}  // namespace wring::run
