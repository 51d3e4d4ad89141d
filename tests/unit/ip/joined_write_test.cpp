#include "ip/joined_write.h"

#include <gtest/gtest.h>

#include "ip/coalescing.h"
#include "tests/support/super_packets.h"

namespace wring {
namespace {

class JoinedWrite : public testing::TestWithParam<SuperSpec> {};

TEST_P(JoinedWrite, is_taken_apart_into_the_packets_that_it_was_made_of) {
  std::mt19937 random(1);
  const std::vector<Packet> before = naive_split(make_super(GetParam(), random));
  std::vector<Packet> changed = before;
  const std::vector<InnerPacket> inner = inner_packets(changed);
  Coalescer coalescer(true);
  const auto writes = coalescer.coalesce(inner);
  ASSERT_EQ(writes.size(), 1U);
  EXPECT_EQ(kind_of(writes[0].parts), GetParam().tcp ? WriteKind::kTcp : WriteKind::kUdp);
  EXPECT_EQ(packets_in(writes[0].parts, true), before.size());

  SegmentArena arena;
  std::vector<MutByteSpan> packets;
  take_apart(writes[0].parts, arena, packets);
  ASSERT_EQ(packets.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(Packet(packets[i].begin(), packets[i].end()), before[i]) << i;
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, JoinedWrite,
    testing::Values(SuperSpec{.v6 = false, .tcp = true, .dont_fragment = false},
                    SuperSpec{.v6 = true, .tcp = true},
                    SuperSpec{.v6 = false, .tcp = false, .dont_fragment = false},
                    SuperSpec{.v6 = true, .tcp = false}));

TEST(SingleWrite, is_left_as_it_is) {
  VnetHeader header;
  Packet packet = make_packet({.source = "10.0.0.1", .destination = "10.0.0.2"});
  const std::vector<iovec> parts{{&header, sizeof header}, {packet.data(), packet.size()}};
  EXPECT_EQ(kind_of(parts), WriteKind::kSingle);
  EXPECT_EQ(packets_in(parts, true), 1U);
  EXPECT_EQ(packets_in(std::span(parts).last(1), false), 1U);
  EXPECT_EQ(packets_in({}, true), 1U);
  SegmentArena arena;
  std::vector<MutByteSpan> packets;
  take_apart(parts, arena, packets);
  EXPECT_TRUE(packets.empty());
}

TEST(Coalescing, of_one_protocol_stops_and_that_of_the_other_goes_on) {
  for (const bool stop_tcp : {false, true}) {
    Coalescer coalescer(true);
    stop_tcp ? coalescer.stop_joining_tcp() : coalescer.stop_joining_udp();
    for (const bool tcp : {false, true}) {
      std::mt19937 random(1);
      std::vector<Packet> packets = naive_split(make_super({.tcp = tcp}, random));
      EXPECT_EQ(coalescer.coalesce(inner_packets(packets)).size(),
                tcp == stop_tcp ? packets.size() : 1U);
    }
  }
}

}  // namespace
}  // namespace wring
