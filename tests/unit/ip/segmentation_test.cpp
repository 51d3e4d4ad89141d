#include "ip/segmentation.h"

#include <gtest/gtest.h>

#include "tests/support/parse_packet.h"
#include "tests/support/super_packets.h"

namespace wring {
namespace {

constexpr std::uint8_t kGuard = 0xa5;
constexpr std::size_t kGuardSize = 64;
constexpr std::size_t kTailRoom = 16;

// A packet in the middle of a buffer, with the room behind it that may be written to.
class GuardedPacket {
 public:
  explicit GuardedPacket(const Packet& packet) : size_(packet.size()) {
    buffer_.assign(kGuardSize, kGuard);
    buffer_.insert(buffer_.end(), packet.begin(), packet.end());
    buffer_.insert(buffer_.end(), kTailRoom + kGuardSize, kGuard);
  }
  MutByteSpan bytes() { return MutByteSpan(buffer_).subspan(kGuardSize, size_); }
  bool guards_hold() const {
    const auto is_guard = [](std::uint8_t byte) { return byte == kGuard; };
    return std::all_of(buffer_.begin(), buffer_.begin() + kGuardSize, is_guard) &&
           std::all_of(buffer_.end() - kGuardSize, buffer_.end(), is_guard);
  }

 private:
  std::size_t size_;
  Packet buffer_;
};

// What is sealed, in the order of the segments: each as it is when its phase is made.
std::vector<Packet> seal_in_turns(SegmentedPacket& split, std::size_t mtu, SegmentArena& arena) {
  std::vector<Packet> sealed(split.count());
  for (const auto phase : {SegmentPhase::kEven, SegmentPhase::kOdd}) {
    std::vector<MutByteSpan> made;
    split.prepare(phase, mtu, arena, made);
    std::size_t at = phase == SegmentPhase::kEven ? 0 : 1;
    for (const MutByteSpan segment : made) {
      EXPECT_LT(at, split.count());
      sealed[at] = Packet(segment.begin(), segment.end());
      at += 2;
    }
  }
  return sealed;
}

std::vector<Packet> split(const SuperPacket& super, std::size_t mtu = 1420) {
  GuardedPacket packet(super.bytes);
  auto parsed = parse_packet(super.vnet, packet.bytes());
  EXPECT_TRUE(parsed);
  if (!parsed) return {};
  SegmentArena arena;
  auto sealed = seal_in_turns(*parsed, mtu, arena);
  EXPECT_TRUE(packet.guards_hold());
  for (std::size_t i = 0; i < sealed.size(); ++i)
    sealed[i].resize(parsed->size(i));
  return sealed;
}

TEST(Segmentation, splits_as_the_plain_way_does) {
  std::mt19937 random(1);
  SegmentArena arena;
  for (int round = 0; round < 2000; ++round) {
    const SuperPacket super = make_super(random_spec(random), random);
    const auto expected = naive_split(super);
    const std::size_t mtu = pick(random, 68, 9000);
    GuardedPacket packet(super.bytes);
    auto parsed = parse_packet(super.vnet, packet.bytes());
    ASSERT_TRUE(parsed) << round;
    ASSERT_EQ(parsed->count(), expected.size()) << round;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      Packet copy(parsed->size(i));
      parsed->copy(i, copy);
      ASSERT_EQ(copy, expected[i]) << round << " segment " << i;
    }
    ASSERT_EQ(Packet(packet.bytes().begin(), packet.bytes().end()), super.bytes);

    if (round % 3 == 0) arena.clear();
    const auto sealed = seal_in_turns(*parsed, mtu, arena);
    ASSERT_TRUE(packet.guards_hold()) << round;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      // P4: zeros up to a multiple of 16, but not past the MTU.
      const std::size_t size = expected[i].size();
      const std::size_t padded = std::max(size, std::min((size + 15) / 16 * 16, mtu));
      Packet with_zeros = expected[i];
      with_zeros.resize(padded);
      ASSERT_EQ(sealed[i], with_zeros) << round << " segment " << i << " of " << expected.size();
    }
  }
}

TEST(Segmentation, packets_of_one_batch_share_an_arena) {
  std::mt19937 random(2);
  SegmentArena arena;
  std::vector<GuardedPacket> packets;
  std::vector<SegmentedPacket> parsed;
  std::vector<std::vector<Packet>> expected;
  for (int i = 0; i < 32; ++i) {
    const SuperPacket super = make_super(random_spec(random), random);
    expected.push_back(naive_split(super));
    packets.emplace_back(super.bytes);
    parsed.push_back(parse_packet(super.vnet, packets.back().bytes()).value());
  }
  for (const auto phase : {SegmentPhase::kEven, SegmentPhase::kOdd}) {
    std::vector<MutByteSpan> made;
    for (SegmentedPacket& packet : parsed)
      packet.prepare(phase, 1420, arena, made);
    std::size_t at = 0;
    for (std::size_t p = 0; p < parsed.size(); ++p) {
      for (std::size_t i = static_cast<std::size_t>(phase); i < parsed[p].count(); i += 2) {
        const MutByteSpan segment = made.at(at++).first(parsed[p].size(i));
        ASSERT_EQ(Packet(segment.begin(), segment.end()), expected[p][i]);
      }
    }
    EXPECT_EQ(at, made.size());
  }
}

TEST(Segmentation, psh_and_fin_go_to_the_last_and_cwr_to_the_first) {
  std::mt19937 random(3);
  SuperSpec spec;
  spec.flags = kTcpAck | kTcpPsh | kTcpFin | kTcpCwr | kTcpEce | kTcpUrg;
  const auto segments = split(make_super(spec, random));
  ASSERT_EQ(segments.size(), 4u);  // 3 x 1000 and 500
  EXPECT_EQ(segments[0][33], 0xf0);
  EXPECT_EQ(segments[1][33], 0x70);
  EXPECT_EQ(segments[2][33], 0x70);
  EXPECT_EQ(segments[3][33], 0x79);
  EXPECT_EQ(segments[3].size(), 540u);
}

TEST(Segmentation, ids_and_sequence_numbers_wrap) {
  std::mt19937 random(4);
  SuperSpec spec;
  spec.id = 0xfffe;
  spec.sequence = 0xfffffc00;
  const auto segments = split(make_super(spec, random));
  ASSERT_EQ(segments.size(), 4u);
  EXPECT_EQ(get16(segments[1], 4), 0xffff);
  EXPECT_EQ(get16(segments[2], 4), 0x0000);
  EXPECT_EQ(load<Be<std::uint32_t>>(segments[1], 24), 0xffffffe8);
  EXPECT_EQ(load<Be<std::uint32_t>>(segments[2], 24), 0x000003d0);
}

TEST(Segmentation, a_udp_checksum_of_zero_is_written_as_ffff) {
  std::mt19937 random(5);
  SuperSpec spec;
  spec.tcp = false;
  spec.gso_size = 4;
  spec.payload = 8;
  SuperPacket super = make_super(spec, random);
  // The first datagram's payload is made such that all words sum up to zero.
  put16(super.bytes, 28, 0);
  put16(super.bytes, 30, 0);
  put16(super.bytes, 28, get16(naive_split(super)[0], 26));
  EXPECT_EQ(get16(split(super)[0], 26), 0xffff);
}

TEST(Segmentation, a_packet_without_payload_is_one_segment) {
  std::mt19937 random(6);
  for (const bool v6 : {false, true}) {
    for (const bool tcp : {false, true}) {
      SuperSpec spec;
      spec.v6 = v6;
      spec.tcp = tcp;
      spec.payload = 0;
      const SuperPacket super = make_super(spec, random);
      EXPECT_EQ(split(super), naive_split(super));
    }
  }
}

TEST(Segmentation, a_packet_without_gso_stays_as_it_is_and_is_padded) {  // P4
  std::mt19937 random(7);
  const Packet bytes = make_packet({.source = "10.0.0.1", .destination = "10.0.0.2"});
  GuardedPacket packet(bytes);
  auto parsed = parse_packet({}, packet.bytes());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->count(), 1u);
  EXPECT_EQ(parsed->size(0), 28u);
  SegmentArena arena;
  auto sealed = seal_in_turns(*parsed, 1420, arena);
  ASSERT_EQ(sealed[0].size(), 32u);
  Packet expected = bytes;
  expected.resize(32);
  EXPECT_EQ(sealed[0], expected);
  EXPECT_TRUE(packet.guards_hold());
}

TEST(Segmentation, a_checksum_that_is_due_is_completed) {
  std::mt19937 random(8);
  for (int round = 0; round < 2000; ++round) {
    SuperSpec spec = random_spec(random);
    spec.gso_size = spec.payload = pick(random, 1, 1400);
    SuperPacket super = make_super(spec, random);
    super.vnet.gso_type = 0;
    super.vnet.gso_size = 0;
    ASSERT_EQ(split(super).at(0), naive_split(super).at(0)) << round;
  }
}

TEST(Segmentation, what_the_header_says_is_not_believed) {
  std::mt19937 random(9);
  SuperPacket super = make_super({}, random);
  const auto expected = naive_split(super);
  for (const std::size_t claim :
       {std::size_t{0}, std::size_t{1}, super.bytes.size(), std::size_t{65535}}) {
    super.vnet.hdr_len = static_cast<std::uint16_t>(claim);
    EXPECT_EQ(split(super), expected);
  }
  put16(super.bytes, 36, 0xdead);  // the partial checksum
  EXPECT_EQ(split(super), expected);
}

DropReason refusal(const SuperPacket& super) {
  GuardedPacket packet(super.bytes);
  const auto parsed = parse_packet(super.vnet, packet.bytes());
  EXPECT_FALSE(parsed);
  EXPECT_TRUE(packet.guards_hold());
  return parsed ? DropReason::kCount : parsed.error();
}

TEST(Segmentation, what_cannot_be_split_is_refused) {
  std::mt19937 random(10);
  const auto refused_when = [&](auto change) {
    SuperPacket super = make_super({}, random);
    change(super);
    EXPECT_EQ(refusal(super), DropReason::kMalformedOutgoing);
  };
  refused_when([](SuperPacket& s) { s.vnet.gso_size = 0; });
  refused_when([](SuperPacket& s) { s.vnet.gso_type = 3; });  // UDP fragments
  refused_when([](SuperPacket& s) { s.vnet.gso_type = 4; });  // TCP over the other version
  refused_when([](SuperPacket& s) { s.vnet.gso_type = 5; });  // UDP
  refused_when([](SuperPacket& s) { s.vnet.gso_type = 0x80; });
  refused_when([](SuperPacket& s) { s.vnet.csum_start = 24; });
  refused_when([](SuperPacket& s) { s.vnet.csum_offset = 6; });
  refused_when([](SuperPacket& s) { s.bytes.resize(39); });
  refused_when([](SuperPacket& s) { s.bytes.resize(s.bytes.size() - 1); });
  refused_when([](SuperPacket& s) { s.bytes.clear(); });
  refused_when([](SuperPacket& s) { s.bytes[0] = 0x44; });
  refused_when([](SuperPacket& s) { s.bytes[6] = 0x20; });   // more fragments
  refused_when([](SuperPacket& s) { s.bytes[7] = 0x01; });   // not the first one
  refused_when([](SuperPacket& s) { s.bytes[9] = 50; });     // ESP
  refused_when([](SuperPacket& s) { s.bytes[32] = 0x40; });  // TCP header of 16 bytes
  refused_when([](SuperPacket& s) {                          // a checksum past the end
    s.vnet.gso_type = 0;
    s.vnet.csum_start = static_cast<std::uint16_t>(s.bytes.size() - 17);
  });
}

TEST(Segmentation, more_than_2048_segments_or_1024_bytes_of_headers_are_refused) {
  std::mt19937 random(11);
  SuperSpec spec;
  spec.gso_size = 1;
  spec.payload = 2048;
  EXPECT_EQ(split(make_super(spec, random)).size(), 2048u);
  spec.payload = 2049;
  EXPECT_EQ(refusal(make_super(spec, random)), DropReason::kOversized);

  spec.v6 = true;
  spec.payload = 3;
  spec.first_extension = 60;  // destination options
  spec.extensions.assign(960, 0);
  spec.extensions[0] = 6;
  spec.extensions[1] = 119;
  EXPECT_EQ(split(make_super(spec, random)).size(), 3u);  // 40 + 960 + 20 = 1020
  spec.extensions.resize(968);
  spec.extensions[1] = 120;
  EXPECT_EQ(refusal(make_super(spec, random)), DropReason::kOversized);
}

TEST(Segmentation, nothing_that_is_fed_to_it_makes_it_leave_its_bounds) {
  std::mt19937 random(12);
  SegmentArena arena;
  for (int round = 0; round < 20'000; ++round) {
    SuperSpec spec = random_spec(random);
    spec.payload = pick(random, 0, 300);
    spec.gso_size = pick(random, 1, 200);
    SuperPacket super = make_super(spec, random);
    for (std::size_t changes = pick(random, 1, 4); changes > 0; --changes) {
      if (random() % 3 == 0) {
        auto bytes = std::bit_cast<Bytes<10>>(super.vnet);
        bytes[random() % 10] = static_cast<std::uint8_t>(random());
        super.vnet = std::bit_cast<VnetHeader>(bytes);
      } else {
        super.bytes[random() % super.payload] = static_cast<std::uint8_t>(random());
      }
    }
    if (random() % 4 == 0) super.bytes.resize(random() % (super.bytes.size() + 1));
    GuardedPacket packet(super.bytes);
    auto parsed = parse_packet(super.vnet, packet.bytes());
    if (!parsed) continue;
    arena.clear();
    const auto sealed = seal_in_turns(*parsed, pick(random, 68, 2000), arena);
    ASSERT_EQ(sealed.size(), parsed->count());
    ASSERT_TRUE(packet.guards_hold()) << round;
  }
}

}  // namespace
}  // namespace wring
