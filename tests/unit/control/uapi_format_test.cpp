#include "control/uapi_format.h"

#include <gtest/gtest.h>

#include <string>

#include "control/uapi_request.h"
#include "ip/endpoint_parse.h"
#include "tests/support/fake_device.h"

namespace wring {
namespace {

using test::FakeDevice;
using test::hex_key;

PrivateKey private_key(std::uint8_t fill) {
  Bytes<32> bytes;
  bytes.fill(fill);
  return PrivateKey(bytes);
}

PresharedKey preshared_key(std::uint8_t fill) {
  Bytes<32> bytes;
  bytes.fill(fill);
  return PresharedKey(bytes);
}

// The whole reply, drawn through a buffer of the given size.
std::string reply_of(const FakeDevice& device, std::size_t capacity = 4096,
                     GetDetail detail = GetDetail::kAll) {
  GetReply reply(device, detail);
  TextBuffer buffer(capacity);
  std::string text;
  for (int i = 0; i < 100'000; ++i) {
    const bool done = reply.write_to(buffer);
    text += buffer.pending();
    buffer.consume(buffer.pending().size());
    if (done) return text;
  }
  ADD_FAILURE() << "the reply has no end";
  return text;
}

void fill(FakeDevice& device) {
  device.device.private_key = private_key(0x01);
  device.device.listen_port = 51820;
  device.device.fwmark = 4096;
  PeerDescription& full = device.add_peer(test::public_key(0xaa));
  full.preshared_key = preshared_key(0x02);
  full.endpoint = parse_endpoint("[2001:db8::1]:51821").value();
  full.last_handshake = WallTime(std::chrono::nanoseconds(1'700'000'000'123'456'789));
  full.rx_bytes = 18446744073709551615U;
  full.tx_bytes = 2;
  full.persistent_keepalive_s = 25;
  full.allowed_ips = {IpPrefix::parse("10.0.0.0/8").value(), IpPrefix::parse("::/0").value()};
  device.add_peer(test::public_key(0xbb));
}

TEST(UapiFormat, the_reply_to_get_is_exactly_this) {  // P36, P38, P40
  FakeDevice device;
  fill(device);
  EXPECT_EQ(reply_of(device), "private_key=" + hex_key("01") +
                                  "\nlisten_port=51820\nfwmark=4096\npublic_key=" + hex_key("aa") +
                                  "\npreshared_key=" + hex_key("02") +
                                  "\nprotocol_version=1\nendpoint=[2001:db8::1]:51821\n"
                                  "last_handshake_time_sec=1700000000\n"
                                  "last_handshake_time_nsec=123456789\n"
                                  "tx_bytes=2\nrx_bytes=18446744073709551615\n"
                                  "persistent_keepalive_interval=25\n"
                                  "allowed_ip=10.0.0.0/8\nallowed_ip=::/0\npublic_key=" +
                                  hex_key("bb") +
                                  "\nprotocol_version=1\nlast_handshake_time_sec=0\n"
                                  "last_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"
                                  "persistent_keepalive_interval=0\nerrno=0\n\n");
}

TEST(UapiFormat, an_unconfigured_device_has_only_its_errno) {  // P38
  EXPECT_EQ(reply_of(FakeDevice()), "errno=0\n\n");
}

TEST(UapiFormat, what_was_dropped_is_told_by_reason_before_the_peers_and_nothing_of_the_rest) {
  FakeDevice device;
  device.device.listen_port = 51820;
  device.device.dropped[static_cast<std::size_t>(DropReason::kReplayed)] = 3;
  device.device.dropped[static_cast<std::size_t>(DropReason::kMac1Invalid)] = 18446744073709551615U;
  device.add_peer(test::public_key(0xaa));
  const std::string reply = reply_of(device);
  EXPECT_TRUE(
      reply.starts_with("listen_port=51820\ndropped_replayed=3\n"
                        "dropped_mac1_invalid=18446744073709551615\npublic_key="))
      << reply;
}

TEST(UapiFormat, how_the_engine_works_is_told_before_the_peers) {
  FakeDevice device;
  device.device.engine = {"1.2.3", "epoll", 3, "none", "libsodium"};
  device.add_peer(test::public_key(0xaa));
  const std::string reply = reply_of(device);
  EXPECT_TRUE(
      reply.starts_with("wring_version=1.2.3\nwring_pump=epoll\nwring_workers=3\n"
                        "wring_offloads=none\nwring_cipher=libsodium\npublic_key="))
      << reply;
}

EngineCounts some_counts() {
  EngineCounts counts;
  counts.handshakes_begun = 7;
  counts.staged_bytes = 2048;
  counts.handshake_us = {1000, 2500};
  counts.handshake_us.add(1000);
  counts.handshake_us.add(1001);
  counts.handshake_us.add(2501);
  counts.worker_ns = {5, 6};
  return counts;
}

TEST(UapiFormat, what_the_engine_counts_is_told_before_the_peers) {
  FakeDevice device;
  device.device.counts = some_counts();
  device.add_peer(test::public_key(0xaa));
  const std::string reply = reply_of(device);
  EXPECT_TRUE(reply.starts_with("wring_handshakes_begun=7\nwring_handshakes_completed=0\n"))
      << reply;
  EXPECT_LT(reply.find("wring_handshake_us=4502;1000:1,2500:1,1\nwring_worker_ns=5,6\npublic_key="),
            reply.size())
      << reply;
}

TEST(UapiFormat, a_reply_for_the_public_has_no_secret_and_the_public_key) {
  FakeDevice device;
  fill(device);
  const std::string reply = reply_of(device, 4096, GetDetail::kPublic);
  const PublicKey key = derive_public_key(private_key(0x01));
  std::string hex;
  for (const std::uint8_t byte : key.bytes) {
    char digits[3];
    snprintf(digits, sizeof digits, "%02x", byte);
    hex += digits;
  }
  EXPECT_TRUE(reply.starts_with("wring_public_key=" + hex + "\nlisten_port=51820\n")) << reply;
  EXPECT_EQ(reply.find("private_key"), reply.npos);
  EXPECT_EQ(reply.find("preshared_key"), reply.npos);
  EXPECT_NE(reply.find("public_key=" + hex_key("bb")), reply.npos);
}

TEST(UapiFormat, a_reply_about_the_device_has_no_peer) {
  FakeDevice device;
  fill(device);
  const std::string reply = reply_of(device, 4096, GetDetail::kDevice);
  EXPECT_NE(reply.find("fwmark=4096\nerrno=0\n\n"), reply.npos) << reply;
  EXPECT_EQ(device.peers_described, 0U);
}

TEST(UapiFormat, every_reason_at_its_largest_fits_into_the_smallest_buffer) {
  FakeDevice device;
  fill(device);
  device.device.dropped.fill(18446744073709551615U);
  device.device.engine = {std::string(64, 'v'), "io_uring", 4294967295, "tun,tun-udp,udp",
                          std::string(64, 'c')};
  EngineCounts& counts = device.device.counts.emplace();
  for (const auto& [name, member] : kCountNames)
    counts.*member = 18446744073709551615U;
  counts.packet_batches = {1, 2, 4, 8, 16, 32, 64};
  counts.datagram_batches = counts.packet_batches;
  for (const auto& [name, member] : kDistributionNames) {
    (counts.*member).sum = (counts.*member).above = 18446744073709551615U;
    for (Distribution::Class& each : (counts.*member).classes)
      each.count = 18446744073709551615U;
  }
  counts.worker_ns.assign(64, 18446744073709551615U);
  EXPECT_EQ(reply_of(device, kMaxUapiPieceSize), reply_of(device, 1 << 20));
}

TEST(UapiFormat, the_text_is_the_same_through_the_smallest_buffer) {
  FakeDevice device;
  fill(device);
  PeerDescription& many = device.add_peer(test::public_key(0xcc));
  for (std::uint8_t i = 0; i < 200; ++i) {
    many.allowed_ips.emplace_back(IpAddress::v4({10, 0, 0, i}), 32);
  }
  EXPECT_EQ(reply_of(device, kMaxUapiPieceSize), reply_of(device, 1 << 20));
}

TEST(UapiFormat, peers_that_come_and_go_meanwhile_appear_at_most_once) {
  FakeDevice device;
  for (std::uint8_t i = 1; i <= 200; ++i)
    device.add_peer(test::public_key(i));
  GetReply reply(device);
  TextBuffer buffer(kMaxUapiPieceSize);
  std::string text;
  std::uint8_t round = 0;
  bool done = false;
  while (!done && round < 250) {
    done = reply.write_to(buffer);
    text += buffer.pending();
    buffer.consume(buffer.pending().size());
    // One that was described goes, one that is still to come goes, and a new one comes.
    ++round;
    if (round == 10) device.remove(test::public_key(1));
    if (round == 11) device.remove(test::public_key(200));
    if (round == 12) device.add_peer(test::public_key(201));
  }
  ASSERT_TRUE(done);
  for (int i = 1; i <= 201; ++i) {
    char hex[3];
    snprintf(hex, sizeof hex, "%02x", i);
    const std::string line = "public_key=" + hex_key(hex) + "\n";
    const std::size_t first = text.find(line);
    EXPECT_EQ(first != std::string::npos, i != 200) << i;
    if (first != std::string::npos) {
      EXPECT_EQ(text.find(line, first + 1), std::string::npos);
    }
  }
}

TEST(UapiFormat, what_was_read_can_be_set_again) {
  FakeDevice device;
  fill(device);
  // Statistics are told and cannot be set; the rest goes back as it came.
  std::string text = "set=1\n";
  std::string reply = reply_of(device);
  for (std::size_t at = 0; at < reply.size();) {
    const std::size_t end = reply.find('\n', at);
    const std::string line = reply.substr(at, end + 1 - at);
    at = end + 1;
    if (line.starts_with("last_") || line.starts_with("rx_") || line.starts_with("tx_")) continue;
    if (!line.starts_with("errno")) text += line;
  }
  RequestReader reader;
  std::string_view input = text;
  std::optional<UapiRequest> request = reader.feed(input);
  ASSERT_TRUE(request);
  ASSERT_EQ(request->error, 0);
  FakeDevice copy;
  ASSERT_EQ(copy.configure(std::move(request->change)), 0);
  PeerDescription* full = copy.find(test::public_key(0xaa));
  ASSERT_NE(full, nullptr);
  full->last_handshake = WallTime(std::chrono::nanoseconds(1'700'000'000'123'456'789));
  full->rx_bytes = 18446744073709551615U;
  full->tx_bytes = 2;
  EXPECT_EQ(reply_of(copy), reply);
}

TEST(UapiFormat, a_set_is_answered_with_the_number_as_given) {
  TextBuffer buffer(64);
  append_errno(buffer, -22);
  EXPECT_EQ(buffer.pending(), "errno=-22\n\n");
}

}  // namespace
}  // namespace wring
