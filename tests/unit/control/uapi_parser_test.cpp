#include "control/uapi_parser.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <initializer_list>
#include <string>

#include "tests/support/fake_device.h"

namespace wring {
namespace {

using test::hex_key;

SetParser parse(std::initializer_list<std::string> lines) {
  SetParser parser;
  for (const std::string& line : lines)
    parser.feed(line);
  return parser;
}

const std::string kPeer = "public_key=" + hex_key("ab");

TEST(UapiParser, every_key_of_the_device_reaches_the_change) {  // P36
  SetParser parser = parse({"private_key=" + hex_key("0f"), "listen_port=51820",
                            "fwmark=4294967295", "replace_peers=true"});
  ASSERT_EQ(parser.error(), 0);
  const ConfigChange change = parser.take();
  EXPECT_EQ(change.private_key->reveal()[31], 0x0f);
  EXPECT_EQ(change.listen_port, 51820);
  EXPECT_EQ(change.fwmark, 4294967295U);
  EXPECT_TRUE(change.replace_peers);
  EXPECT_TRUE(change.peers.empty());
}

TEST(UapiParser, every_key_of_a_peer_reaches_the_change) {  // P36, P39
  SetParser parser =
      parse({kPeer, "update_only=true", "preshared_key=" + hex_key("01"), "endpoint=192.0.2.7:1234",
             "persistent_keepalive_interval=65535", "replace_allowed_ips=true",
             "allowed_ip=10.1.2.3/8", "allowed_ip=-2001:db8::/32", "protocol_version=1",
             "public_key=" + hex_key("cd"), "remove=true"});
  ASSERT_EQ(parser.error(), 0);
  const ConfigChange change = parser.take();
  ASSERT_EQ(change.peers.size(), 2U);
  const PeerChange& peer = change.peers[0];
  EXPECT_EQ(peer.public_key, test::public_key(0xab));
  EXPECT_TRUE(peer.update_only);
  EXPECT_FALSE(peer.remove);
  EXPECT_EQ(peer.preshared_key->reveal()[0], 1);
  EXPECT_EQ(to_string(*peer.endpoint), "192.0.2.7:1234");
  EXPECT_EQ(peer.persistent_keepalive_s, 65535);
  EXPECT_TRUE(peer.replace_allowed_ips);
  ASSERT_EQ(peer.allowed_ips.size(), 2U);
  EXPECT_EQ(to_string(peer.allowed_ips[0].prefix), "10.0.0.0/8");
  EXPECT_FALSE(peer.allowed_ips[0].remove);
  EXPECT_EQ(to_string(peer.allowed_ips[1].prefix), "2001:db8::/32");
  EXPECT_TRUE(peer.allowed_ips[1].remove);
  EXPECT_EQ(change.peers[1].public_key, test::public_key(0xcd));
  EXPECT_TRUE(change.peers[1].remove);
}

TEST(UapiParser, what_is_not_named_is_left_unset) {
  SetParser parser = parse({kPeer});
  ASSERT_EQ(parser.error(), 0);
  const ConfigChange change = parser.take();
  EXPECT_FALSE(change.private_key || change.listen_port || change.fwmark || change.replace_peers);
  const PeerChange& peer = change.peers.at(0);
  EXPECT_FALSE(peer.preshared_key || peer.endpoint || peer.persistent_keepalive_s);
  EXPECT_FALSE(peer.remove || peer.update_only || peer.replace_allowed_ips);
}

TEST(UapiParser, an_ipv6_endpoint_may_name_a_zone) {  // P39
  SetParser parser = parse({kPeer, "endpoint=[fe80::1%lo]:51820"});
  ASSERT_EQ(parser.error(), 0);
  EXPECT_NE(parser.take().peers.at(0).endpoint->remote.v6.sin6_scope_id, 0U);
}

TEST(UapiParser, hexadecimal_digits_may_be_of_either_case) {
  SetParser parser = parse({"public_key=" + hex_key("aB")});
  ASSERT_EQ(parser.error(), 0);
  EXPECT_EQ(parser.take().peers.at(0).public_key, test::public_key(0xab));
}

TEST(UapiParser, a_bad_value_is_EINVAL) {  // P37
  const std::string bad_device[] = {
      "private_key=",
      "private_key=" + hex_key("0f").substr(1),
      "private_key=" + hex_key("0f") + "0",
      "private_key=" + hex_key("0g"),
      "listen_port=",
      "listen_port=65536",
      "listen_port=-1",
      "listen_port=+1",
      "listen_port= 1",
      "listen_port=1x",
      "fwmark=",
      "fwmark=4294967296",
      "fwmark=0x10",
      "replace_peers=false",
      "replace_peers=",
      "replace_peers=TRUE",
      "public_key=",
      "public_key=ab",
      "protocol_version=2",
      "protocol_version=",
  };
  for (const std::string& line : bad_device)
    EXPECT_EQ(parse({line}).error(), EINVAL) << line;
  const std::string bad_peer[] = {
      "remove=false",
      "remove=",
      "update_only=1",
      "preshared_key=",
      "preshared_key=" + hex_key("x0"),
      "endpoint=",
      "endpoint=192.0.2.1",
      "endpoint=192.0.2.1:65536",
      "endpoint=example.net:51820",
      "endpoint=2001:db8::1:51820",
      "persistent_keepalive_interval=65536",
      "persistent_keepalive_interval=off",
      "persistent_keepalive_interval=",
      "replace_allowed_ips=no",
      "allowed_ip=",
      "allowed_ip=-",
      "allowed_ip=10.0.0.1",
      "allowed_ip=10.0.0.0/33",
      "allowed_ip=::/129",
      "allowed_ip=--::/0",
      "allowed_ip=10.0.0.0/",
      "protocol_version=0",
  };
  for (const std::string& line : bad_peer)
    EXPECT_EQ(parse({kPeer, line}).error(), EINVAL) << line;
}

TEST(UapiParser, a_key_that_is_unknown_or_out_of_place_is_EINVAL) {
  EXPECT_EQ(parse({"mtu=1420"}).error(), EINVAL);
  EXPECT_EQ(parse({"=x"}).error(), EINVAL);
  EXPECT_EQ(parse({"allowed_ip=10.0.0.0/8"}).error(), EINVAL);
  EXPECT_EQ(parse({kPeer, "listen_port=1"}).error(), EINVAL);
  EXPECT_EQ(parse({kPeer, "replace_peers=true"}).error(), EINVAL);
  EXPECT_EQ(parse({"errno=0"}).error(), EINVAL);
}

TEST(UapiParser, a_line_without_an_equals_sign_is_EPROTO) {  // P37
  EXPECT_EQ(parse({"listen_port"}).error(), EPROTO);
  EXPECT_EQ(parse({kPeer, "remove"}).error(), EPROTO);
  EXPECT_EQ(parse({"\x01\x02"}).error(), EPROTO);
}

TEST(UapiParser, the_first_error_is_the_one_reported) {
  EXPECT_EQ(parse({"listen_port=x", "nonsense"}).error(), EINVAL);
  EXPECT_EQ(parse({"nonsense", "listen_port=x"}).error(), EPROTO);
}

}  // namespace
}  // namespace wring
