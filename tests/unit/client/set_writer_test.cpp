#include "client/set_writer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <random>
#include <string>

#include "control/uapi_request.h"
#include "ip/endpoint_parse.h"
#include "tests/support/fake_device.h"

namespace wring::client {
namespace {

using test::hex_key;
using test::public_key;

std::string text_of(const ConfigChange& change, std::size_t capacity = 512) {
  TextBuffer out(capacity);
  std::string text;
  const auto written = write_set(change, out, [&]() -> Result<void> {
    text += out.pending();
    out.consume(out.pending().size());
    return {};
  });
  EXPECT_TRUE(written);
  return text;
}

// What the engine makes of the text.
ConfigChange read_back(const std::string& text) {
  RequestReader reader;
  std::string_view input = text;
  auto request = reader.feed(input);
  EXPECT_TRUE(request && request->error == 0 && input.empty()) << text;
  return request ? std::move(request->change) : ConfigChange{};
}

TEST(SetWriterTest, a_change_of_everything_is_exactly_this) {
  Bytes<32> bytes;
  bytes.fill(1);
  ConfigChange change;
  change.private_key.emplace(bytes);
  change.listen_port = 65535;
  change.fwmark = 0;
  change.replace_peers = true;
  PeerChange& full = change.peers.emplace_back();
  full.public_key = public_key(0xaa);
  full.update_only = true;
  full.preshared_key.emplace(bytes);
  full.endpoint = parse_endpoint("[2001:db8::1]:9").value();
  full.persistent_keepalive_s = 25;
  full.replace_allowed_ips = true;
  full.allowed_ips = {{IpPrefix::parse("10.0.0.0/8").value(), false},
                      {IpPrefix::parse("::/0").value(), true}};
  PeerChange& removed = change.peers.emplace_back();
  removed.public_key = public_key(0xbb);
  removed.remove = true;
  EXPECT_EQ(text_of(change),
            "set=1\nprivate_key=" + hex_key("01") +
                "\nlisten_port=65535\nfwmark=0\nreplace_peers=true\npublic_key=" + hex_key("aa") +
                "\nupdate_only=true\npreshared_key=" + hex_key("01") +
                "\nendpoint=[2001:db8::1]:9\npersistent_keepalive_interval=25\n"
                "replace_allowed_ips=true\nallowed_ip=10.0.0.0/8\n"
                "allowed_ip=-::/0\npublic_key=" +
                hex_key("bb") + "\nremove=true\n\n");
}

TEST(SetWriterTest, a_change_of_nothing_has_no_lines) {
  EXPECT_EQ(text_of(ConfigChange{}), "set=1\n\n");
}

PeerChange random_peer(std::mt19937& random) {
  const auto coin = [&] { return random() % 2 == 0; };
  PeerChange peer;
  peer.public_key = public_key(static_cast<std::uint8_t>(random()));
  peer.remove = random() % 8 == 0;
  if (peer.remove) return peer;
  peer.update_only = coin();
  peer.replace_allowed_ips = coin();
  if (coin()) peer.preshared_key.emplace(public_key(static_cast<std::uint8_t>(random())).bytes);
  if (coin()) peer.endpoint = parse_endpoint(coin() ? "192.0.2.1:77" : "[fe80::1%5]:1").value();
  if (coin()) peer.persistent_keepalive_s = static_cast<std::uint16_t>(random());
  for (std::size_t n = random() % 20; n > 0; --n) {
    const auto byte = static_cast<std::uint8_t>(random());
    peer.allowed_ips.push_back(
        {IpPrefix(IpAddress::v4({10, byte, byte, byte}), byte % 33), coin()});
  }
  return peer;
}

TEST(SetWriterTest, the_engine_reads_what_was_meant) {
  std::mt19937 random(20261128);
  for (int round = 0; round < 200; ++round) {
    ConfigChange change;
    if (random() % 2 == 0) change.listen_port = static_cast<std::uint16_t>(random());
    if (random() % 2 == 0) change.fwmark = static_cast<std::uint32_t>(random());
    if (random() % 2 == 0) change.private_key.emplace(public_key(3).bytes);
    change.replace_peers = random() % 2 == 0;
    for (std::size_t n = random() % 20; n > 0; --n)
      change.peers.push_back(random_peer(random));
    const std::string text = text_of(change);
    EXPECT_EQ(text_of(read_back(text)), text);
    EXPECT_EQ(text_of(change, 1U << 20), text);
  }
}

TEST(SetWriterTest, nothing_is_written_after_an_error) {
  ConfigChange change;
  for (int i = 0; i < 100; ++i)
    change.peers.emplace_back();
  TextBuffer out(512);
  int calls = 0;
  const auto written = write_set(change, out, [&]() -> Result<void> {
    ++calls;
    return failure("gone", EPIPE);
  });
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, EPIPE);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace wring::client
