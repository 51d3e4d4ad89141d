#include "config/lint.h"

#include <gmock/gmock.h>

#include "config_text.h"

namespace wring::config {
namespace {

using test::kOtherPeer;
using test::kPeer;
using test::kPrivate;
using test::lint_of;
using test::tunnel;
using testing::ElementsAre;
using testing::IsEmpty;

// Line 7 is the first of the peer.
std::string client(const std::string& peer, const std::string& interface = "ListenPort = 1") {
  return tunnel("Address = 10.9.0.2/24\n" + interface, peer);
}

std::string two_peers(const std::string& first, const std::string& second) {
  return client("AllowedIPs = " + first) + "[Peer]\nPublicKey = " + kOtherPeer +
         "\nAllowedIPs = " + second + "\n";
}

TEST(Lint, finds_nothing_in_a_plain_tunnel) {
  EXPECT_THAT(lint_of(client("AllowedIPs = 10.9.0.0/24\nEndpoint = vpn.example.com:51820")),
              IsEmpty());
}

TEST(Lint, a_prefix_of_two_peers_is_lost_by_the_first) {
  EXPECT_THAT(lint_of(two_peers("10.1.0.0/16, 10.2.0.0/16", "10.2.0.0/16")),
              ElementsAre("10:14 allowed-ips-overlap"));
  EXPECT_THAT(lint_of(two_peers("10.1.0.0/16", "10.1.2.0/24")),
              ElementsAre("10:14 allowed-ips-overlap"));
  EXPECT_THAT(lint_of(two_peers("10.1.0.0/16", "10.2.0.0/16")), IsEmpty());
  // Everything else through one peer is how an exit is written.
  EXPECT_THAT(lint_of(two_peers("0.0.0.0/0, ::/0", "10.2.0.0/16")), IsEmpty());
  EXPECT_THAT(lint_of(client("AllowedIPs = 10.1.0.0/16, 10.1.0.0/16")),
              ElementsAre("7:27 prefix-twice"));
}

TEST(Lint, an_endpoint_inside_its_own_tunnel_has_no_way_out) {
  const std::string endpoint = "\nEndpoint = 192.0.2.2:51820";
  EXPECT_THAT(lint_of(client("AllowedIPs = 192.0.2.0/24" + endpoint)),
              ElementsAre("8:12 endpoint-inside"));
  EXPECT_THAT(lint_of(client("AllowedIPs = 128.0.0.0/1" + endpoint)),
              ElementsAre("8:12 endpoint-inside"));
  EXPECT_THAT(lint_of(client("AllowedIPs = 0.0.0.0/0, ::/0" + endpoint)), IsEmpty());
  // A longer prefix goes into the main table, where the mark does not help.
  EXPECT_THAT(lint_of(client("AllowedIPs = 0.0.0.0/0, ::/0, 192.0.2.0/24" + endpoint)),
              ElementsAre("8:12 endpoint-inside"));
  EXPECT_THAT(lint_of(client("AllowedIPs = 0.0.0.0/0" + endpoint, "ListenPort = 1\nTable = 77")),
              ElementsAre("9:12 endpoint-inside"));
  EXPECT_THAT(lint_of(client("AllowedIPs = 0.0.0.0/0" + endpoint,
                             "ListenPort = 1\nTable = off\nFwMark = 7")),
              IsEmpty());
}

TEST(Lint, ipv6_goes_around_a_default_route_of_ipv4) {
  EXPECT_THAT(lint_of(client("AllowedIPs = 0.0.0.0/0")), ElementsAre("7:14 ipv6-outside"));
}

TEST(Lint, host_bits_in_allowed_ips) {
  EXPECT_THAT(lint_of(client("AllowedIPs = 10.9.0.3/24")), ElementsAre("7:14 host-bits"));
}

TEST(Lint, our_own_address_at_a_peer) {
  EXPECT_THAT(lint_of(client("AllowedIPs = 10.9.0.2/32")), ElementsAre("7:14 own-address"));
  EXPECT_THAT(lint_of(client("Endpoint = vpn.example.com:1")), ElementsAre("5:1 no-allowed-ips"));
}

TEST(Lint, addresses_without_length_of_the_network_or_twice) {
  EXPECT_THAT(
      lint_of(tunnel("ListenPort = 1\nAddress = 10.9.0.2, 10.9.0.0/24, 10.8.0.1/31, fd00::/64")),
      ElementsAre("4:11 no-length", "4:21 network-address", "4:47 network-address"));
  EXPECT_THAT(lint_of(tunnel("ListenPort = 1\nAddress = 10.9.0.2/24\nAddress = 10.9.0.2/24")),
              ElementsAre("5:11 address-twice"));
}

TEST(Lint, keys_in_the_place_of_another) {
  const auto with_peer = [](const std::string& key, const std::string& psk) {
    return "[Interface]\nListenPort = 1\nPrivateKey = " + kPrivate +
           "\n[Peer]\nPublicKey = " + key + "\nAllowedIPs = 10.0.0.2/32\n" +
           (psk.empty() ? "" : "PresharedKey = " + psk + "\n");
  };
  EXPECT_THAT(lint_of(with_peer(test::kOwnPublic, "")), ElementsAre("5:13 own-key"));
  EXPECT_THAT(lint_of(with_peer(kPrivate, "")), ElementsAre("5:13 swapped-keys"));
  EXPECT_THAT(lint_of(with_peer(std::string(43, 'A') + "=", "")), ElementsAre("5:13 zero-key"));
  for (const std::string& psk : {kPrivate, kPeer, test::kOwnPublic}) {
    EXPECT_THAT(lint_of(with_peer(kPeer, psk)), ElementsAre("7:16 swapped-keys"));
  }
  EXPECT_THAT(lint_of(with_peer(kPeer, test::kPsk)), IsEmpty());
}

TEST(Lint, one_peer_in_two_sections) {
  EXPECT_THAT(lint_of(client("AllowedIPs = 10.9.0.3/32") + "[Peer]\nPublicKey = " + kPeer +
                      "\nAllowedIPs = 10.9.0.4/32\n"),
              ElementsAre("9:13 peer-twice"));
}

TEST(Lint, an_mtu_that_the_path_or_ipv6_does_not_take) {
  const auto mtu = [](const char* number, const char* address, const char* host) {
    return lint_of(tunnel(std::string("ListenPort = 1\nMTU = ") + number + "\nAddress = " + address,
                          std::string("AllowedIPs = 10.0.0.2/32\nEndpoint = ") + host + ":1"));
  };
  EXPECT_THAT(mtu("1441", "10.0.0.1/24", "192.0.2.1"), ElementsAre("4:7 mtu-too-large"));
  EXPECT_THAT(mtu("1440", "10.0.0.1/24", "192.0.2.1"), IsEmpty());
  EXPECT_THAT(mtu("1421", "10.0.0.1/24", "[2001:db8::1]"), ElementsAre("4:7 mtu-too-large"));
  EXPECT_THAT(mtu("1420", "10.0.0.1/24", "[2001:db8::1]"), IsEmpty());
  EXPECT_THAT(mtu("1279", "fd00::1/64", "192.0.2.1"), ElementsAre("4:7 mtu-too-small"));
  EXPECT_THAT(mtu("1279", "10.0.0.1/24", "192.0.2.1"), IsEmpty());
}

TEST(Lint, peers_that_cannot_meet) {
  EXPECT_THAT(lint_of(tunnel("Address = 10.9.0.1/24")), ElementsAre("1:1 no-way-to-meet"));
  const std::string endpoint = "AllowedIPs = 10.9.0.1/32\nEndpoint = vpn.example.com:1";
  EXPECT_THAT(lint_of(tunnel("Address = 10.9.0.2/24", endpoint)), ElementsAre("7:12 no-keepalive"));
  EXPECT_THAT(lint_of(tunnel("Address = 10.9.0.2/24", endpoint + "\nPersistentKeepalive = off")),
              IsEmpty());
  EXPECT_THAT(lint_of(tunnel("Address = 198.51.100.2/24", endpoint)), IsEmpty());
}

TEST(Lint, hooks_and_iptables) {
  EXPECT_THAT(lint_of(client("AllowedIPs = 10.9.0.3/32",
                             "ListenPort = 1\nPostUp = echo\nPreDown = iptables -D x")),
              ElementsAre("5:10 hooks", "6:11 iptables"));
}

TEST(Lint, a_private_key_that_is_nowhere_is_an_error) {
  const auto with = [](const std::string& line) {
    return lint_of("[Interface]\nListenPort = 1\n" + line);
  };
  EXPECT_THAT(with(""), ElementsAre("1:1 no-private-key"));
  EXPECT_THAT(with("PostDown = x"), ElementsAre("1:1 no-private-key", "3:12 hooks"));
  EXPECT_THAT(with("PreUp = wg set %i private-key x"), ElementsAre("3:9 hooks"));
  EXPECT_THAT(with("PrivateKey = ${KEY}"), IsEmpty());
  EXPECT_THAT(with("PrivateKeyFile = x"), IsEmpty());
}

TEST(Lint, save_config_would_write_the_keys) {
  EXPECT_THAT(lint_of("[Interface]\nListenPort = 1\nSaveConfig = true\nPrivateKeyFile = x"),
              ElementsAre("3:14 saves-secrets"));
}

}  // namespace
}  // namespace wring::config
