#include "config/parser.h"

#include <gmock/gmock.h>

#include "config_text.h"

namespace wring::config {
namespace {

using test::kOtherPeer;
using test::kPeer;
using test::kPrivate;
using test::parse_errors;
using test::tunnel;
using testing::ElementsAre;
using testing::IsEmpty;

TunnelConfig parsed(const std::string& text) {
  auto [config, diagnostics] = parse(text, "wg0.conf");
  EXPECT_FALSE(diagnostics.has_errors()) << to_string(diagnostics.all().front(), "wg0.conf");
  return std::move(config);
}

TEST(Parser, reads_every_key_of_the_interface) {
  const Interface all =
      parsed(tunnel("ListenPort = 51820\nFwMark = 0xca6c\nAddress = 10.0.0.1/24, fd00::1/64\n"
                    "DNS = 10.0.0.1, fd00::1, example.com\nMTU = 1420\nTable = 77\nPreUp = a # %i\n"
                    "PostUp = b\nPreDown = c\nPostDown = d\nPostUp = e\nSaveConfig = true"))
          .interface;
  EXPECT_EQ(all.private_key->value.reveal()[0], 0xc8);
  EXPECT_EQ(all.listen_port->value, 51820);
  EXPECT_EQ(all.fwmark->value, 0xca6cU);
  ASSERT_EQ(all.addresses.size(), 2U);
  EXPECT_EQ(to_string(all.addresses[1].value.address), "fd00::1");
  EXPECT_EQ(all.addresses[1].value.length, 64);
  EXPECT_EQ(all.addresses[1].at, (Position{5, 24}));
  ASSERT_EQ(all.dns_servers.size(), 2U);
  ASSERT_EQ(all.dns_search.size(), 1U);
  EXPECT_EQ(all.dns_search[0].value, "example.com");
  EXPECT_EQ(all.mtu->value, 1420U);
  EXPECT_EQ(all.table->value.number, 77U);
  ASSERT_EQ(all.hooks.size(), 5U);
  EXPECT_EQ(all.hooks[0].command, "a # %i");  // wg-quick gives bash the comment, too
  EXPECT_EQ(all.hooks[4].point, Hook::Point::kPostUp);
  EXPECT_TRUE(all.save_config->value);
}

TEST(Parser, reads_every_key_of_a_peer) {
  const TunnelConfig config =
      parsed(tunnel("", "PresharedKey = " + test::kPsk +
                            "\nAllowedIPs = 10.0.0.2/32, fd00::2\nAllowedIPs = 10.2.0.0/16\n"
                            "Endpoint = vpn.example.com:51820\nPersistentKeepalive = 25"));
  ASSERT_EQ(config.peers.size(), 1U);
  const Peer& peer = config.peers[0];
  EXPECT_EQ(peer.public_key->value.bytes[31], 0x38);
  EXPECT_EQ(peer.preshared_key->value.reveal()[0], 0xfd);
  ASSERT_EQ(peer.allowed_ips.size(), 3U);
  EXPECT_EQ(to_string(peer.allowed_ips[1].prefix), "fd00::2/128");
  EXPECT_EQ(to_string(peer.allowed_ips[2].prefix), "10.2.0.0/16");
  EXPECT_EQ(peer.endpoint->value.host, "vpn.example.com");
  EXPECT_EQ(peer.keepalive_s->value, 25);
  EXPECT_TRUE(peer.replaces_allowed_ips);
}

TEST(Parser, names_have_no_case_and_lines_may_end_as_on_windows) {
  const TunnelConfig config =
      parsed("[INTERFACE]\r\nprivatekey=" + kPrivate +
             "\r\n mtu =1400# x\r\n[peer]\r\nPUBLICKEY = " + kPeer + "\r\nallowedips=10.0.0.2/32");
  EXPECT_EQ(config.interface.mtu->value, 1400U);
  EXPECT_EQ(config.peers.at(0).allowed_ips.size(), 1U);
}

TEST(Parser, the_last_of_a_single_key_counts_and_a_warning_says_so) {
  const std::string text = tunnel("MTU = 1400\nMTU = 1300");
  EXPECT_EQ(parsed(text).interface.mtu->value, 1300U);
  EXPECT_THAT(parse_errors(text), ElementsAre("4:1 repeated-key"));
}

TEST(Parser, a_second_interface_section_adds_to_the_first) {
  const std::string text = tunnel("MTU = 1400") + "[Interface]\nListenPort = 1\n";
  const TunnelConfig config = parsed(text);
  EXPECT_EQ(config.interface.mtu->value, 1400U);
  EXPECT_EQ(config.interface.listen_port->value, 1);
  EXPECT_THAT(parse_errors(text), ElementsAre("7:1 second-interface"));
}

TEST(Parser, signs_change_what_a_peer_has) {
  const Peer incremental =
      std::move(parsed(tunnel("", "AllowedIPs = +10.0.0.0/8, -10.1.0.0/16")).peers[0]);
  EXPECT_FALSE(incremental.replaces_allowed_ips);
  EXPECT_EQ(incremental.allowed_ips.at(0).sign, AllowedIp::Sign::kPlus);
  EXPECT_EQ(incremental.allowed_ips.at(1).sign, AllowedIp::Sign::kMinus);
  // The last line decides, as in wg.
  EXPECT_TRUE(parsed(tunnel("", "AllowedIPs = +10.0.0.0/8\nAllowedIPs = 10.9.0.0/16"))
                  .peers[0]
                  .replaces_allowed_ips);
}

TEST(Parser, comments_give_names_to_peers) {
  const TunnelConfig config = parsed(
      "[Interface]\n# friendly_name = no\n### begin laptop ###\n[Peer]\nPublicKey = " + kPeer +
      "\n### end laptop ###\n# Client: phone (1)\n\n[Peer]\nPublicKey = " + kOtherPeer +
      "\n# friendly_name = pad\n");
  EXPECT_EQ(config.peers.at(0).name, "laptop");
  EXPECT_EQ(config.peers.at(1).name, "pad");
}

TEST(Parser, a_name_belongs_to_the_section_right_below_it) {
  const TunnelConfig config =
      parsed("[Interface]\n# Client: phone (1)\nMTU = 1400\n[Peer]\nPublicKey = " + kPeer);
  EXPECT_EQ(config.peers.at(0).name, "");
}

TEST(Parser, finds_all_mistakes_and_not_their_consequences) {
  EXPECT_THAT(parse_errors("[Interface]\nPrivateKey = x\nMTU = y\n[Peer]\nPublicKey = z\n"
                           "AllowedIPs = 10.0.0.0/8, a, 10.1.0.0/99\n[Socket]\nA = b\nC = d\n"),
              ElementsAre("2:14 bad-key", "3:7 bad-mtu", "5:13 bad-key", "6:26 bad-address",
                          "6:29 bad-length", "7:1 bad-section"));
  EXPECT_THAT(parse_errors("A = b\nC = d\n"), ElementsAre("1:1 no-section"));
  EXPECT_THAT(parse_errors("[Interface]\n[Peer]\nPublic Key = " + kPeer),
              ElementsAre("3:1 unknown-key"));
}

TEST(Parser, empty_values_of_wg_quick_do_nothing_and_those_of_wg_are_errors) {
  EXPECT_THAT(parse_errors(tunnel("Address =\nPostUp =\nMTU = # later")),
              ElementsAre("3:1 no-value", "4:1 no-value", "5:1 no-value"));
  EXPECT_FALSE(parse(tunnel("Address ="), "f").diagnostics.has_errors());
  for (const char* line : {"ListenPort =", "SaveConfig ="}) {
    EXPECT_TRUE(parse(tunnel(line), "f").diagnostics.has_errors()) << line;
  }
  EXPECT_TRUE(parse(tunnel("", "AllowedIPs ="), "f").diagnostics.has_errors());
}

TEST(Parser, the_dialect_of_wg_has_no_other_keys) {
  EXPECT_THAT(parse_errors(tunnel("Address = 10.0.0.1/24\nPrivateKeyFile = x\nListenPort = 1"),
                           Dialect::kWg),
              ElementsAre("3:1 not-of-wg", "4:1 not-of-wg"));
  EXPECT_THAT(parse_errors("[Peer]\nPublicKey = " + kPeer, Dialect::kWg), IsEmpty());
  EXPECT_THAT(parse_errors("", Dialect::kWg), IsEmpty());
}

TEST(Parser, ten_thousand_mistakes_are_counted_and_a_hundred_are_kept) {
  std::string text = "[Interface]\n";
  for (int i = 0; i < 10000; ++i) {
    text += "MTU = x\n";
  }
  const auto result = parse(text, "f");
  EXPECT_EQ(result.diagnostics.count(Severity::kError), 10000U);
  EXPECT_EQ(result.diagnostics.count(Severity::kWarning), 9999U);
  EXPECT_EQ(result.diagnostics.all().size(), 2 * kMaxDiagnostics);
}

}  // namespace
}  // namespace wring::config
