// What the stack sends one by one becomes large packets that the engine splits into the same again.
#include "stack/output_batch.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <vector>

#include "ip/ip_header.h"
#include "ip/packets.h"
#include "ip/segmentation.h"
#include "ip/transport_header.h"
#include "ip/transport_view.h"

namespace wring::stack {
namespace {

using Packet = std::vector<std::uint8_t>;

struct Shape {
  std::uint32_t sequence = 1000;
  std::size_t payload = 1000;
  std::uint16_t flags = kTcpAck;
  std::uint16_t port = 80;
  std::uint32_t acknowledged = 7;
  bool six = false;
};

// As lwIP makes it: without TCP's checksum.
Packet packet_of(const Shape& shape) {
  const std::size_t ip_size = shape.six ? sizeof(Ipv6Header) : sizeof(Ipv4Header);
  Packet packet(ip_size + sizeof(TcpHeader) + shape.payload);
  std::iota(packet.begin() + static_cast<long>(ip_size + sizeof(TcpHeader)), packet.end(),
            static_cast<std::uint8_t>(shape.sequence));
  if (shape.six) {
    Ipv6Header ip{};
    ip.version_class_flow = 6U << 28;
    ip.payload_length = static_cast<std::uint16_t>(packet.size() - sizeof ip);
    ip.next_header = IPPROTO_TCP;
    ip.hop_limit = 64;
    ip.source[0] = ip.destination[0] = 0xfd;
    ip.destination[15] = 1;
    store(MutByteSpan(packet), ip);
  } else {
    Ipv4Header ip{};
    ip.version_and_length = 0x45;
    ip.total_length = static_cast<std::uint16_t>(packet.size());
    ip.ttl = 64;
    ip.protocol = IPPROTO_TCP;
    ip.source = {10, 9, 0, 2};
    ip.destination = {10, 9, 0, 1};
    ip.checksum = internet_checksum(as_bytes(ip));
    store(MutByteSpan(packet), ip);
  }
  TcpHeader tcp{};
  tcp.source_port = 50000;
  tcp.destination_port = shape.port;
  tcp.sequence = shape.sequence;
  tcp.acknowledgement = shape.acknowledged;
  tcp.offset_and_flags = static_cast<std::uint16_t>(5U << 12U | shape.flags);
  tcp.window = 500;
  store(MutByteSpan(packet), tcp, ip_size);
  return packet;
}

// In two parts, as lwIP has headers and payload.
bool add(OutputBatch& batch, const Packet& packet) {
  auto* const bytes = const_cast<std::uint8_t*>(packet.data());
  const std::size_t first = std::min<std::size_t>(packet.size(), 100);
  const std::array<iovec, 2> parts{iovec{bytes, first},
                                   iovec{bytes + first, packet.size() - first}};
  return batch.add(parts);
}

struct Written {
  VnetHeader vnet;
  Packet bytes;
};

std::vector<Written> written(OutputBatch& batch) {
  std::vector<Written> all;
  for (std::size_t i = batch.first(); i < batch.count(); ++i) {
    Packet bytes;
    for (const iovec& part : batch.packet(i)) {
      const auto* const begin = static_cast<const std::uint8_t*>(part.iov_base);
      bytes.insert(bytes.end(), begin, begin + part.iov_len);
    }
    const auto vnet = load<VnetHeader>(bytes);
    all.push_back({vnet, {bytes.begin() + sizeof vnet, bytes.end()}});
  }
  return all;
}

// As the engine splits it; with checksums.
std::vector<Packet> split(Written packet) {
  const std::size_t size = packet.bytes.size();
  packet.bytes.resize(size + kPacketTailRoom);
  const MutByteSpan bytes = MutByteSpan(packet.bytes).first(size);
  const auto ip = inspect(bytes);
  auto segments = SegmentedPacket::parse(packet.vnet, bytes, ip.value());
  std::vector<Packet> all(segments.value().count());
  SegmentArena arena;
  for (const SegmentPhase phase : {SegmentPhase::kEven, SegmentPhase::kOdd}) {
    std::vector<MutByteSpan> out;
    segments->prepare(phase, 1420, arena, out);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const std::size_t number = 2 * i + (phase == SegmentPhase::kOdd ? 1 : 0);
      all[number].assign(out[i].begin(),
                         out[i].begin() + static_cast<long>(segments->size(number)));
    }
  }
  return all;
}

class OutputBatchTest : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Versions, OutputBatchTest, testing::Bool());

TEST_P(OutputBatchTest, segments_in_a_row_are_one_packet_that_splits_into_them) {
  OutputBatch batch;
  std::vector<Packet> sent;
  std::uint32_t sequence = 1000;
  for (const std::size_t payload : {1000U, 1000U, 1000U, 300U}) {
    const std::uint16_t flags = payload == 300 ? kTcpAck | kTcpPsh : kTcpAck;
    sent.push_back(
        packet_of({.sequence = sequence, .payload = payload, .flags = flags, .six = GetParam()}));
    sequence += static_cast<std::uint32_t>(payload);
  }
  for (const Packet& each : sent)
    EXPECT_TRUE(add(batch, each));
  const auto all = written(batch);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].vnet.gso_size, 1000);
  const auto again = split(all[0]);
  ASSERT_EQ(again.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::size_t tcp = GetParam() ? sizeof(Ipv6Header) : sizeof(Ipv4Header);
    // All but the checksum is what lwIP made, and the checksum is right.
    Packet without = again[i];
    without[tcp + 16] = without[tcp + 17] = 0;
    Packet expected = sent[i];
    if (!GetParam()) {
      // The id counts up, where lwIP's is its own.
      for (Packet* const each : {&without, &expected})
        (*each)[4] = (*each)[5] = (*each)[10] = (*each)[11] = 0;
    }
    EXPECT_EQ(without, expected) << i;
    const auto view = view_transport(again[i], inspect(again[i]).value());
    InternetChecksum sum = pseudo_header_sum(again[i], *view);
    sum.add(static_cast<std::uint16_t>(again[i].size() - tcp));
    sum.add(ByteSpan(again[i]).subspan(tcp));
    EXPECT_EQ(sum.value(), 0) << i;
  }
}

TEST(OutputBatch, what_does_not_follow_begins_anew) {
  const Shape first;
  const std::vector<Shape> others{
      {.sequence = 2001},                     // a gap
      {.sequence = 2000, .port = 81},         // another connection
      {.sequence = 2000, .acknowledged = 8},  // it acknowledges more
      {.sequence = 2000, .payload = 1001},    // larger than the first
      {.sequence = 2000, .flags = kTcpAck | kTcpFin},
      {.sequence = 2000, .six = true},
  };
  for (const Shape& other : others) {
    OutputBatch batch;
    const Packet one = packet_of(first);
    const Packet two = packet_of(other);
    EXPECT_TRUE(add(batch, one));
    static_cast<void>(add(batch, two));
    EXPECT_EQ(batch.count(), 2U);
    for (const Written& each : written(batch))
      EXPECT_EQ(each.vnet.gso_type, kVnetGsoNone);
  }
}

TEST(OutputBatch, nothing_joins_behind_a_short_segment_or_a_push) {
  OutputBatch batch;
  const Packet whole = packet_of({});
  const Packet brief = packet_of({.sequence = 2000, .payload = 400});
  const Packet next = packet_of({.sequence = 2400, .payload = 400, .flags = kTcpAck | kTcpPsh});
  const Packet last = packet_of({.sequence = 2800, .payload = 400});
  for (const Packet* const each : {&whole, &brief, &next, &last})
    static_cast<void>(add(batch, *each));
  EXPECT_EQ(batch.count(), 3U);
}

TEST(OutputBatch, a_small_packet_is_copied) {
  OutputBatch batch;
  Packet acknowledgement = packet_of({.payload = 0});
  const Packet before = acknowledgement;
  EXPECT_FALSE(add(batch, acknowledgement));
  std::ranges::fill(acknowledgement, std::uint8_t{0});
  EXPECT_EQ(split(written(batch)[0])[0].size(), before.size());
}

TEST(OutputBatch, is_as_large_as_a_packet_of_ip_may_be) {
  OutputBatch batch;
  std::vector<Packet> sent;
  for (std::uint32_t i = 0; i < 70; ++i)
    sent.push_back(packet_of({.sequence = 1000 + i * 1000}));
  for (const Packet& each : sent)
    EXPECT_TRUE(add(batch, each));
  const auto all = written(batch);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].bytes.size(), 40 + 65 * 1000U);
}

TEST(OutputBatch, takes_sixty_four_packets_and_is_empty_once_they_are_sent) {
  OutputBatch batch;
  const Packet packet = packet_of({.payload = 0});
  for (int i = 0; i < 64; ++i) {
    ASSERT_TRUE(batch.has_room());
    static_cast<void>(add(batch, packet));
  }
  EXPECT_FALSE(batch.has_room());
  EXPECT_FALSE(batch.sent(63));
  EXPECT_TRUE(batch.sent(64));
  EXPECT_TRUE(batch.has_room());
  EXPECT_EQ(batch.count(), 0U);
}

}  // namespace
}  // namespace wring::stack
