#include "ip/coalescing.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "ip/segmentation.h"
#include "tests/support/super_packets.h"

namespace wring {
namespace {

struct Written {
  VnetHeader vnet;
  Packet bytes;
};

// What the kernel gets to see of a write.
Written gather(const TunWrite& write) {
  Packet all;
  for (const iovec& part : write.parts) {
    const auto* const data = static_cast<const std::uint8_t*>(part.iov_base);
    all.insert(all.end(), data, data + part.iov_len);
  }
  return {load<VnetHeader>(all), Packet(all.begin() + 10, all.end())};
}

std::vector<Written> coalesce(std::vector<Packet> packets, bool udp = true) {
  std::vector<MutByteSpan> spans(packets.begin(), packets.end());
  Coalescer coalescer(udp);
  std::vector<Written> all;
  for (const TunWrite& write : coalescer.coalesce(spans)) {
    EXPECT_LE(write.packets, 64u);
    EXPECT_EQ(write.parts.size(), 1 + write.packets);
    all.push_back(gather(write));
  }
  return all;
}

std::vector<Packet> split(const Written& written) {
  Packet bytes = written.bytes;
  bytes.resize(bytes.size() + 16);
  auto parsed =
      SegmentedPacket::parse(written.vnet, MutByteSpan(bytes).first(written.bytes.size()));
  EXPECT_TRUE(parsed);
  std::vector<Packet> segments;
  for (std::size_t i = 0; parsed && i < parsed->count(); ++i) {
    segments.emplace_back(parsed->size(i));
    parsed->copy(i, segments.back());
  }
  return segments;
}

bool equal(const VnetHeader& a, const VnetHeader& b) {
  return std::bit_cast<Bytes<10>>(a) == std::bit_cast<Bytes<10>>(b);
}

// The sizes of the writes that come of these packets, by number of packets.
std::vector<std::size_t> groups(std::vector<Packet> packets, bool udp = true) {
  std::vector<MutByteSpan> spans(packets.begin(), packets.end());
  Coalescer coalescer(udp);
  std::vector<std::size_t> sizes;
  for (const TunWrite& write : coalescer.coalesce(spans))
    sizes.push_back(write.packets);
  return sizes;
}

using Sizes = std::vector<std::size_t>;

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
  const auto view = view_transport(packet);
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

void spoil(Packet& packet, std::mt19937& random) {
  switch (random() % 4) {
    case 0:
      packet[random() % packet.size()] ^= static_cast<std::uint8_t>(1U << random() % 8);
      break;
    case 1: {  // a header field, with the checksums made good again
      const auto view = view_transport(packet);
      if (!view) return;
      const std::size_t at = random() % view->payload;
      if (at % 20 < 2) return;
      packet[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
      if (view->version == 4) put16(packet, 10, 0);
      if (view->version == 4)
        put16(packet, 10, ~std::size_t{naive_sum(ByteSpan(packet).first(view->transport))});
      const auto changed = view_transport(packet);
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
    std::vector<MutByteSpan> spans(buffers.begin(), buffers.end());
    for (const TunWrite& write : coalescer.coalesce(spans)) {
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

// Four full segments of one flow, and a copy with one thing changed.
class FourSegments : public testing::Test {
 protected:
  static SuperSpec four() {
    SuperSpec spec;
    spec.gso_size = 1000;
    spec.payload = 4000;
    return spec;
  }
  std::vector<Packet> segments(const SuperSpec& spec) {
    super_ = make_super(spec, random_);
    return naive_split(super_);
  }
  // The sizes of the groups after `change` to the third segment, whose checksums are made anew.
  template <typename Change>
  Sizes with_third_changed(const SuperSpec& spec, Change change) {
    auto packets = segments(spec);
    change(packets[2]);
    finish(super_, packets[2]);
    const auto written = coalesce(packets);
    std::vector<Packet> came;
    for (const Written& write : written)
      for (const Packet& packet : split(write))
        came.push_back(packet);
    EXPECT_EQ(came, packets);
    return groups(packets);
  }

  std::mt19937 random_{3};
  SuperPacket super_;
};

TEST_F(FourSegments, leave_in_one_write) {
  const auto packets = segments(four());
  const auto written = coalesce(packets);
  ASSERT_EQ(written.size(), 1u);
  const VnetHeader vnet = written[0].vnet;
  EXPECT_EQ(vnet.flags, 1);     // NEEDS_CSUM
  EXPECT_EQ(vnet.gso_type, 1);  // TCPV4
  EXPECT_EQ(vnet.hdr_len, 40);
  EXPECT_EQ(vnet.gso_size, 1000);
  EXPECT_EQ(vnet.csum_start, 20);
  EXPECT_EQ(vnet.csum_offset, 16);
  EXPECT_EQ(written[0].bytes.size(), 4040u);
  EXPECT_EQ(split(written[0]), packets);
}

TEST_F(FourSegments, are_joined_only_where_their_headers_would_be_repeated) {
  EXPECT_EQ(with_third_changed(four(), [](Packet&) {}), Sizes{4});
  const auto v4 = [&](auto change) { return with_third_changed(four(), change); };
  // What the fourth repeats is the first one's, so it stays alone behind the third.
  const Sizes third_alone = {2, 1, 1};
  EXPECT_EQ(v4([](Packet& p) { p[1] ^= 0x04; }), third_alone);   // TOS
  EXPECT_EQ(v4([](Packet& p) { p[1] ^= 0x01; }), third_alone);   // ECN
  EXPECT_EQ(v4([](Packet& p) { p[6] ^= 0x40; }), third_alone);   // DF
  EXPECT_EQ(v4([](Packet& p) { p[6] ^= 0x80; }), third_alone);   // the reserved bit
  EXPECT_EQ(v4([](Packet& p) { p[8] ^= 0x01; }), third_alone);   // TTL
  EXPECT_EQ(v4([](Packet& p) { p[20] ^= 0x01; }), third_alone);  // another flow
  EXPECT_EQ(v4([](Packet& p) { p[27] ^= 0x01; }), third_alone);  // sequence
  EXPECT_EQ(v4([](Packet& p) { p[31] ^= 0x01; }), third_alone);  // acknowledgement
  EXPECT_EQ(v4([](Packet& p) { p[35] ^= 0x01; }), third_alone);  // window
  EXPECT_EQ(v4([](Packet& p) { p[39] ^= 0x01; }), third_alone);  // urgent pointer
  EXPECT_EQ(v4([](Packet& p) { p[32] ^= 0x02; }), third_alone);  // a reserved bit
  for (const int flag : {0x02, 0x04, 0x20, 0x40})                // SYN RST URG ECE
    EXPECT_EQ(v4([=](Packet& p) { p[33] ^= static_cast<std::uint8_t>(flag); }), third_alone)
        << flag;
  EXPECT_EQ(v4([](Packet& p) { p[33] ^= 0x80; }), Sizes({2, 2}));  // CWR stays with a first
  EXPECT_EQ(v4([](Packet& p) { p[33] ^= 0x10; }), third_alone);    // ACK
  EXPECT_EQ(v4([](Packet& p) { p[33] |= 0x08; }), Sizes({3, 1}));  // PSH ends it
  EXPECT_EQ(v4([](Packet& p) { p[33] |= 0x01; }), Sizes({3, 1}));  // FIN ends it
  EXPECT_EQ(v4([](Packet& p) { p.resize(p.size() - 1); }), Sizes({3, 1}));
  EXPECT_EQ(v4([](Packet& p) { p.push_back(0); }), third_alone);
  EXPECT_EQ(v4([](Packet& p) { p.resize(40); }), third_alone);  // no payload
}

TEST_F(FourSegments, of_version_6_are_joined_only_where_their_headers_would_be_repeated) {
  SuperSpec spec = four();
  spec.v6 = true;
  const Sizes third_alone = {2, 1, 1};
  const auto v6 = [&](auto change) { return with_third_changed(spec, change); };
  EXPECT_EQ(v6([](Packet&) {}), Sizes{4});
  EXPECT_EQ(v6([](Packet& p) { p[0] ^= 0x01; }), third_alone);  // traffic class
  EXPECT_EQ(v6([](Packet& p) { p[1] ^= 0x10; }), third_alone);  // ECN
  EXPECT_EQ(v6([](Packet& p) { p[3] ^= 0x01; }), third_alone);  // flow label
  EXPECT_EQ(v6([](Packet& p) { p[7] ^= 0x01; }), third_alone);  // hop limit
}

TEST_F(FourSegments, with_other_options_stay_apart) {
  SuperSpec spec = four();
  spec.tcp_options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
  spec.ip_options = {1, 1, 1, 1};
  EXPECT_EQ(with_third_changed(spec, [](Packet&) {}), Sizes{4});
  EXPECT_EQ(with_third_changed(spec, [](Packet& p) { p[55] ^= 1; }), Sizes({2, 1, 1}));
  EXPECT_EQ(with_third_changed(spec, [](Packet& p) { p[23] ^= 1; }), Sizes({2, 1, 1}));
}

TEST_F(FourSegments, have_ids_that_count_up_unless_they_must_not_be_fragmented) {
  SuperSpec spec = four();
  spec.dont_fragment = false;
  EXPECT_EQ(with_third_changed(spec, [](Packet&) {}), Sizes{4});
  EXPECT_EQ(with_third_changed(spec, [](Packet& p) { p[5] ^= 1; }), Sizes({2, 1, 1}));
  auto packets = segments(four());
  put16(packets[2], 4, 0);
  finish(super_, packets[2]);
  EXPECT_EQ(groups(packets), Sizes{4});
}

TEST_F(FourSegments, with_a_wrong_checksum_pass_untouched_and_in_order) {
  for (const bool tcp : {true, false}) {
    for (const std::size_t byte : {std::size_t{11}, std::size_t{500}}) {  // of IP; of the payload
      for (std::size_t wrong = 0; wrong < 4; ++wrong) {
        SuperSpec spec = four();
        spec.tcp = tcp;
        auto packets = segments(spec);
        packets[wrong][byte] ^= 1;
        std::vector<Packet> came;
        std::size_t alone = 0;
        for (const Written& write : coalesce(packets)) {
          if (write.bytes == packets[wrong]) {
            EXPECT_TRUE(equal(write.vnet, VnetHeader{}));
            ++alone;
          }
          for (const Packet& packet : split(write))
            came.push_back(packet);
        }
        EXPECT_EQ(alone, 1u);
        EXPECT_EQ(came, packets);
      }
    }
  }
}

TEST_F(FourSegments, of_udp_wait_for_a_kernel_that_takes_them) {
  SuperSpec spec = four();
  spec.tcp = false;
  const auto packets = segments(spec);
  EXPECT_EQ(groups(packets, true), Sizes{4});
  EXPECT_EQ(groups(packets, false), Sizes({1, 1, 1, 1}));
}

TEST_F(FourSegments, of_udp_without_a_checksum_or_of_another_length_stay_apart) {
  SuperSpec spec = four();
  spec.tcp = false;
  auto packets = segments(spec);
  put16(packets[2], 26, 0);
  EXPECT_EQ(groups(packets), Sizes({2, 1, 1}));
  packets = segments(spec);
  put16(packets[2], 24, 1000);
  EXPECT_EQ(groups(packets), Sizes({2, 1, 1}));
}

TEST_F(FourSegments, are_not_overtaken_by_what_follows_a_fragment) {
  SuperSpec spec = four();
  spec.tcp = false;
  auto packets = segments(spec);
  packets[2][6] = 0x20;  // more fragments
  const auto written = coalesce(packets);
  ASSERT_EQ(written.size(), 3u);
  EXPECT_EQ(split(written[0]).size(), 2u);
  EXPECT_EQ(written[1].bytes, packets[2]);
  EXPECT_EQ(written[2].bytes, packets[3]);
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
  for (const Packet& packet : {ping, Packet{}, Packet{0x45}, Packet(40, 0xff)}) {
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
