#include "io/packet_frames.h"

#include <gtest/gtest.h>

#include <vector>

namespace wring {
namespace {

constexpr MacAddress kNear{2, 0, 0, 0, 0, 1};
constexpr MacAddress kFar{2, 0, 0, 0, 0, 2};

iovec part_of(void* bytes, std::size_t size) {
  return {bytes, size};
}

std::vector<std::uint8_t> gather(std::span<const iovec> parts) {
  std::vector<std::uint8_t> bytes;
  for (const iovec& part : parts) {
    const auto* begin = static_cast<const std::uint8_t*>(part.iov_base);
    bytes.insert(bytes.end(), begin, begin + part.iov_len);
  }
  return bytes;
}

// A packet of two parts behind its header.
struct Packet {
  VnetHeader header;
  Bytes<20> first{0x45};
  Bytes<3> rest{7, 8, 9};
  std::array<iovec, 3> parts{part_of(&header, sizeof header), part_of(first.data(), first.size()),
                             part_of(rest.data(), rest.size())};
};

// What a pump makes of the bytes that a packet socket passed.
TunPacket taken_out(std::vector<std::uint8_t>& bytes) {
  TunPacket packet{load<VnetHeader>(bytes), MutByteSpan(bytes).subspan(sizeof(VnetHeader))};
  take_out_of_frame(packet);
  return packet;
}

TEST(PacketFrames, a_frame_has_both_addresses_and_the_type) {
  FrameWriter writer({.to = kNear, .from = kFar});
  Packet packet;
  const auto v4 = gather(writer.frame(packet.parts));
  const std::vector<std::uint8_t> header(v4.begin() + 10, v4.begin() + 24);
  EXPECT_EQ(header, (std::vector<std::uint8_t>{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00}));
  EXPECT_EQ(std::vector<std::uint8_t>(v4.end() - 3, v4.end()),
            (std::vector<std::uint8_t>{7, 8, 9}));
  packet.first[0] = 0x60;
  const auto v6 = gather(writer.frame(packet.parts));
  EXPECT_EQ(v6[22], 0x86);
  EXPECT_EQ(v6[23], 0xdd);
}

TEST(PacketFrames, the_checksum_is_found_behind_the_frames_header) {
  FrameWriter writer({.to = kNear, .from = kFar});
  Packet packet;
  packet.header = {.flags = kVnetNeedsCsum,
                   .gso_type = kVnetGsoTcpV4,
                   .hdr_len = 40,
                   .gso_size = 1380,
                   .csum_start = 20,
                   .csum_offset = 16};
  auto framed = gather(writer.frame(packet.parts));
  const auto header = load<VnetHeader>(framed);
  EXPECT_EQ(header.csum_start, 34);
  EXPECT_EQ(header.csum_offset, 16);
  EXPECT_EQ(header.hdr_len, 54);
  EXPECT_EQ(header.gso_size, 1380);
  // What the caller gave stays as it is: it is told of it if the write fails.
  EXPECT_EQ(packet.header.csum_start, 20);

  const TunPacket back = taken_out(framed);
  EXPECT_EQ(back.header.csum_start, 20);
  EXPECT_EQ(back.bytes.size(), 23u);
  EXPECT_EQ(back.bytes[0], 0x45);
}

TEST(PacketFrames, a_packet_without_offloads_stays_one) {
  FrameWriter writer({.to = kNear, .from = kFar});
  Packet packet;
  const auto framed = gather(writer.frame(packet.parts));
  EXPECT_EQ(framed.size(), 10 + 14 + 23u);
  EXPECT_EQ(std::vector<std::uint8_t>(framed.begin(), framed.begin() + 10),
            std::vector<std::uint8_t>(10));
}

TEST(PacketFrames, what_is_no_ip_becomes_empty) {
  std::vector<std::uint8_t> arp(10 + 14 + 28);
  arp[22] = 0x08;
  arp[23] = 0x06;
  arp[24] = 0x45;  // It does not matter what it looks like.
  EXPECT_TRUE(taken_out(arp).bytes.empty());
  std::vector<std::uint8_t> too_short(10 + 13, 0x08);
  EXPECT_TRUE(taken_out(too_short).bytes.empty());
}

TEST(PacketFrames, room_ends_and_comes_back) {
  FrameWriter writer({.to = kNear, .from = kFar});
  Packet packet;
  unsigned frames = 0;
  while (writer.has_room(packet.parts.size())) {
    static_cast<void>(writer.frame(packet.parts));
    ++frames;
  }
  EXPECT_EQ(frames, 512u);
  writer.clear();
  EXPECT_TRUE(writer.has_room(1024));
}

}  // namespace
}  // namespace wring
