#include "client/get_parser.h"

#include <gmock/gmock.h>

#include <cerrno>
#include <string>

#include "control/uapi_format.h"
#include "ip/endpoint_parse.h"
#include "tests/support/fake_device.h"

namespace wring::client {
namespace {

using test::FakeDevice;
using test::hex_key;
using testing::HasSubstr;

Result<InterfaceState> parse(std::string_view text) {
  GetParser parser;
  while (!text.empty()) {
    const std::size_t newline = text.find('\n');
    parser.feed(text.substr(0, newline));
    text.remove_prefix(newline + 1);
  }
  return parser.take();
}

std::string reply_of(const FakeDevice& device) {
  GetReply reply(device);
  TextBuffer buffer(1U << 20);
  while (!reply.write_to(buffer)) {
  }
  return std::string(buffer.pending());
}

// Makes the device as the state describes it.
void copy(InterfaceState&& state, FakeDevice& device) {
  device.device = std::move(state.device);
  for (PeerDescription& peer : state.peers)
    device.add_peer(peer.public_key) = std::move(peer);
}

void fill(FakeDevice& device) {
  Bytes<32> bytes;
  bytes.fill(7);
  device.device.private_key = PrivateKey(bytes);
  device.device.listen_port = 51820;
  device.device.fwmark = 0xffffffff;
  device.device.engine = {"1.2.3", "epoll", 64, "tun,udp", "libsodium"};
  device.device.dropped.fill(18446744073709551615U);
  PeerDescription& full = device.add_peer(test::public_key(0xaa));
  full.preshared_key = PresharedKey(bytes);
  full.endpoint = parse_endpoint("[fe80::1%7]:51821").value();
  full.last_handshake = WallTime(std::chrono::nanoseconds(1'700'000'000'000'000'001));
  full.rx_bytes = 18446744073709551615U;
  full.tx_bytes = 2;
  full.persistent_keepalive_s = 65535;
  full.allowed_ips = {IpPrefix::parse("10.0.0.0/8").value(), IpPrefix::parse("::/0").value()};
  device.add_peer(test::public_key(0xbb)).endpoint = parse_endpoint("192.0.2.1:1").value();
  device.add_peer(test::public_key(0xcc)).last_handshake = WallTime(std::chrono::seconds(3));
}

TEST(GetParserTest, all_that_an_engine_of_ours_writes_is_read) {
  FakeDevice device;
  fill(device);
  auto state = parse(reply_of(device));
  ASSERT_TRUE(state) << state.error().message;
  FakeDevice copied;
  copy(std::move(*state), copied);
  EXPECT_EQ(reply_of(copied), reply_of(device));
}

TEST(GetParserTest, an_unconfigured_interface_has_nothing) {
  const auto state = parse("errno=0\n\n");
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->device.private_key.is_zero());
  EXPECT_TRUE(state->peers.empty());
}

TEST(GetParserTest, keys_of_other_engines_are_skipped) {
  const auto state = parse(
      "listen_port=5\nwireguard_colour=blue\ndropped_in_the_future=3\npublic_key=" + hex_key("aa") +
      "\nprotocol_version=1\nnew_thing=x\nrx_bytes=7\nerrno=0\n\n");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->device.listen_port, 5);
  ASSERT_EQ(state->peers.size(), 1U);
  EXPECT_EQ(state->peers[0].rx_bytes, 7U);
}

TEST(GetParserTest, a_handshake_that_never_was_has_no_time) {
  const auto state = parse("public_key=" + hex_key("aa") +
                           "\nlast_handshake_time_sec=0\nlast_handshake_time_nsec=0\nerrno=0\n\n");
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->peers[0].last_handshake);
}

TEST(GetParserTest, a_zone_that_is_unknown_here_is_left_out) {
  const auto state =
      parse("public_key=" + hex_key("aa") + "\nendpoint=[fe80::1%no-such-zone]:9\nerrno=0\n\n");
  ASSERT_TRUE(state);
  EXPECT_EQ(to_string(state->peers[0].endpoint), "[fe80::1]:9");
}

TEST(GetParserTest, what_the_engine_counts_is_read_and_what_is_unknown_is_skipped) {
  const auto state = parse(
      "wring_public_key=" + hex_key("ab") +
      "\nwring_handshakes_begun=7\nwring_handshake_us=4502;1000:1,2500:2,3\nwring_worker_ns=5,6\n"
      "wring_new_count=x\npublic_key=" +
      hex_key("aa") + "\nerrno=0\n\n");
  ASSERT_TRUE(state);
  EXPECT_EQ(state->device.public_key.bytes[31], 0xab);
  ASSERT_TRUE(state->device.counts);
  const EngineCounts& counts = *state->device.counts;
  EXPECT_EQ(counts.handshakes_begun, 7U);
  EXPECT_EQ(counts.worker_ns, (std::vector<std::uint64_t>{5, 6}));
  const Distribution& took = counts.handshake_us;
  EXPECT_EQ(took.sum, 4502U);
  ASSERT_EQ(took.classes.size(), 2U);
  EXPECT_EQ(took.classes[1].up_to, 2500U);
  EXPECT_EQ(took.classes[1].count, 2U);
  EXPECT_EQ(took.above, 3U);
}

TEST(GetParserTest, an_engine_that_does_not_count_has_no_counts) {
  const auto state = parse("wring_version=1\nerrno=0\n\n");
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->device.counts);
}

TEST(GetParserTest, the_errno_of_the_engine_is_the_error_with_either_sign) {
  for (const char* text : {"errno=13\n\n", "errno=-13\n\n"}) {
    const auto state = parse(text);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, EACCES);
  }
}

TEST(GetParserTest, a_reply_without_errno_is_no_reply) {
  const auto state = parse("listen_port=5\n\n");
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, EPROTO);
}

TEST(GetParserTest, a_bad_value_is_refused_and_not_shown) {
  const std::string peer = "public_key=" + hex_key("aa") + "\n";
  for (const std::string& text :
       {std::string("listen_port=65536\n"), std::string("listen_port\n"),
        std::string("fwmark=-1\n"), std::string("private_key=secret\n"),
        std::string("dropped_replayed=x\n"), std::string("errno=x\n"),
        std::string("wring_handshakes_begun=x\n"), std::string("wring_worker_ns=1,\n"),
        std::string("wring_handshake_us=1\n"), std::string("wring_handshake_us=1;2,3\n"),
        std::string("public_key=00\n"), peer + "endpoint=example.com:9\n",
        peer + "last_handshake_time_sec=9223372036854775807\n",
        peer + "last_handshake_time_nsec=1000000000\n", peer + "rx_bytes=18446744073709551616\n",
        peer + "allowed_ip=10.0.0.0/33\n", peer + "preshared_key=" + hex_key("0g") + "\n"}) {
    const auto state = parse(text + "errno=0\n\n");
    ASSERT_FALSE(state) << text;
    EXPECT_EQ(state.error().code, EPROTO) << text;
    EXPECT_THAT(state.error().message, testing::Not(HasSubstr("secret")));
  }
}

}  // namespace
}  // namespace wring::client
