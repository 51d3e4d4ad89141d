// The coalescer undoes what segmentation does, whatever the packets and their order.
#include "ip/coalescing.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/unit/ip/coalesced.h"

namespace wring {
namespace {

TEST(Coalescing, gives_back_what_was_split) {
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    SuperSpec spec = random_spec(random);
    spec.flags &= static_cast<std::uint16_t>(~kTcpUrg);
    spec.urgent_pointer = 0;
    const SuperPacket super = make_super(spec, random);
    const auto segments = naive_split(super);
    if (segments.size() == 1) continue;  // at most 60
    const auto written = coalesce(segments);
    ASSERT_EQ(written.size(), 1u) << round;
    ASSERT_TRUE(equal(written[0].vnet, super.vnet)) << round;
    ASSERT_EQ(written[0].bytes, super.bytes) << round;
  }
}

// What tells the flow of a packet; all without ports are one.
std::string flow_of(const Packet& packet) {
  const auto view = view_transport(packet, inspect(packet).value());
  if (!view) return {};
  std::string flow = {static_cast<char>(view->version), static_cast<char>(view->protocol)};
  const auto append = [&](ByteSpan bytes) { flow.append(bytes.begin(), bytes.end()); };
  append(view->version == 4 ? ByteSpan(packet).subspan(12, 8) : ByteSpan(packet).subspan(8, 32));
  append(ByteSpan(packet).subspan(view->transport, 4));
  return flow;
}

// Where two IPv4 packets that must not be fragmented differ only by id, gives the first the id of
// the second.
void forgive_id(Packet& packet, const Packet& other) {
  if (packet.size() < 20 || packet.size() != other.size()) return;
  if (ip_version(packet) != 4 || (packet[6] & 0x40) == 0 || (other[6] & 0x40) == 0) return;
  const std::size_t header = (packet[0] & 15U) * 4;
  if (naive_sum(ByteSpan(packet).first(header)) != 0xffff) return;
  put16(packet, 4, get16(other, 4));
  put16(packet, 10, 0);
  put16(packet, 10, ~std::size_t{naive_sum(ByteSpan(packet).first(header))});
}

void change(Packet& packet, std::mt19937& random) {
  switch (random() % 4) {
    case 0:
      packet[random() % packet.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
      break;
    case 1: {  // a header field, with the checksums made good again
      const auto view = view_transport(packet, inspect(packet).value());
      if (!view) return;
      const std::size_t at = random() % view->payload;
      if (at % 20 < 2) return;
      packet[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
      if (view->version == 4) put16(packet, 10, 0);
      if (view->version == 4)
        put16(packet, 10, ~std::size_t{naive_sum(ByteSpan(packet).first(view->transport))});
      const auto ip = inspect(packet);
      if (!ip) return;
      const auto changed = view_transport(packet, *ip);
      if (!changed) return;
      const std::size_t field = changed->transport + (changed->is_tcp() ? 16 : 6);
      put16(packet, field, 0);
      InternetChecksum sum = pseudo_header_sum(packet, *changed);
      sum.add(static_cast<std::uint16_t>(changed->total - changed->transport));
      sum.add(ByteSpan(packet).subspan(changed->transport));
      put16(packet, field, sum.value());
      break;
    }
    case 2:  // the other zero
      put16(packet, random() % 2 == 0 ? 10 : 36, 0xffff);
      break;
    case 3:
      if (packet.size() > 60) packet.resize(packet.size() - 1);  // shorter than its header says
      break;
  }
}

// Changes a packet, but not so that Inbound would drop or trim it.
void spoil(Packet& packet, std::mt19937& random) {
  const Packet before = packet;
  change(packet, random);
  const auto ip = inspect(packet);
  if (!ip || ip->total_length != packet.size()) packet = before;
}

TEST(Coalescing, is_undone_by_splitting_and_keeps_the_order_within_each_flow) {
  std::mt19937 random(2);
  std::size_t packets_in = 0;
  std::size_t writes_out = 0;
  Coalescer coalescer(true);
  for (int round = 0; round < 1000; ++round) {
    // Up to five flows whose segments come mixed, some of them spoiled.
    std::vector<std::vector<Packet>> flows;
    for (std::size_t n = pick(random, 1, 5); n > 0; --n) {
      SuperSpec spec = random_spec(random);
      spec.extensions.clear();
      spec.final_destination = 0;
      spec.port = static_cast<std::uint16_t>(flows.size() % 4);
      if (spec.port == 3 && !flows.empty()) spec.port = 2;
      spec.gso_size = std::min<std::size_t>(spec.gso_size, 1500);
      spec.payload = std::min<std::size_t>(spec.payload, spec.gso_size * 15);
      flows.push_back(naive_split(make_super(spec, random)));
    }
    std::vector<Packet> input;
    for (std::size_t flow = 0; !flows.empty();) {
      if (random() % 6 == 0 || flow >= flows.size()) flow = random() % flows.size();
      input.push_back(flows[flow].front());
      if (random() % 16 == 0) spoil(input.back(), random);
      if (random() % 32 == 0) input.push_back(input.back());
      flows[flow].erase(flows[flow].begin());
      if (flows[flow].empty()) flows.erase(flows.begin() + static_cast<std::ptrdiff_t>(flow));
    }
    std::map<std::string, std::vector<Packet>> expected;
    for (const Packet& packet : input)
      expected[flow_of(packet)].push_back(packet);

    std::map<std::string, std::vector<Packet>> came;
    std::vector<Packet> buffers = input;
    const std::vector<InnerPacket> inner = inner_packets(buffers);
    for (const TunWrite& write : coalescer.coalesce(inner)) {
      const Written written = gather(write);
      ++writes_out;
      if (write.packets == 1) {
        ASSERT_TRUE(equal(written.vnet, VnetHeader{}));
        came[flow_of(written.bytes)].push_back(written.bytes);
        continue;
      }
      const auto segments = split(written);
      ASSERT_EQ(segments.size(), write.packets);
      for (const Packet& segment : segments)
        came[flow_of(segment)].push_back(segment);
    }
    packets_in += input.size();
    ASSERT_EQ(came.size(), expected.size()) << round;
    for (auto& [flow, packets] : expected) {
      auto& got = came[flow];
      ASSERT_EQ(got.size(), packets.size()) << round;
      for (std::size_t i = 0; i < packets.size(); ++i) {
        if (got[i] != packets[i]) forgive_id(got[i], packets[i]);
        ASSERT_EQ(got[i], packets[i]) << round << " packet " << i;
      }
    }
  }
  EXPECT_LT(writes_out * 2, packets_in);  // it does join
}

TEST(Coalescing, joins_64_packets_and_65535_bytes_at_most) {
  std::mt19937 random(4);
  SuperSpec spec;
  spec.gso_size = 10;
  spec.payload = 1000;
  EXPECT_EQ(groups(naive_split(make_super(spec, random))), Sizes({64, 36}));
  spec.gso_size = 6549;
  spec.payload = 65490;  // 65530 bytes
  auto packets = naive_split(make_super(spec, random));
  EXPECT_EQ(groups(packets), Sizes{10});
  spec.gso_size = 6551;
  spec.payload = 58959;
  spec.sequence = 0;
  packets = naive_split(make_super(spec, random));  // nine, and a tenth that makes 65550
  spec.sequence = 58959;
  spec.payload = 6551;
  packets.push_back(naive_split(make_super(spec, random)).front());
  EXPECT_EQ(groups(packets), Sizes({9, 1}));
}

TEST(Coalescing, leaves_alone_what_is_no_tcp_or_udp) {
  const Packet ping = make_packet({.source = "10.0.0.1", .destination = "10.0.0.2", .protocol = 1});
  for (const Packet& packet : {ping}) {
    const auto written = coalesce({packet, packet});
    ASSERT_EQ(written.size(), 2u);
    EXPECT_TRUE(equal(written[0].vnet, VnetHeader{}));
    EXPECT_EQ(written[0].bytes, packet);
  }
}

TEST(Coalescing, joins_two_flows_that_come_in_turns) {
  std::mt19937 random(5);
  SuperSpec spec;
  const auto a = naive_split(make_super(spec, random));
  spec.port = 40001;
  const auto b = naive_split(make_super(spec, random));
  std::vector<Packet> mixed;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mixed.push_back(a[i]);
    mixed.push_back(b[i]);
  }
  EXPECT_EQ(groups(mixed), Sizes({4, 4}));
}

}  // namespace
}  // namespace wring
