#include "ip/ecn.h"

#include <gtest/gtest.h>

#include <array>

#include "ip/ip_packet.h"
#include "tests/support/packets.h"

namespace wring {
namespace {

constexpr int kDrop = -1;
constexpr int kNot = 0;
constexpr int kOne = 1;
constexpr int kZero = 2;
constexpr int kMarked = 3;
// RFC 6040 figure 4, a row for each inner codepoint: not-ECT, ECT(1), ECT(0), CE; a column for each
// outer one in the same order, which is that of their bits.
constexpr std::array<std::array<int, 4>, 4> kFigure4 = {{
    {kNot, kNot, kNot, kDrop},
    {kOne, kOne, kOne, kMarked},
    {kZero, kOne, kZero, kMarked},
    {kMarked, kMarked, kMarked, kMarked},
}};

TEST(Ecn, the_outer_header_carries_the_inner_codepoint_and_no_dscp) {  // P24
  EXPECT_EQ(ecn_encapsulate(0), 0);
  EXPECT_EQ(ecn_encapsulate(1), 1);
  EXPECT_EQ(ecn_encapsulate(2), 2);
  EXPECT_EQ(ecn_encapsulate(3), 3);
  EXPECT_EQ(ecn_encapsulate(0xb9), 1);
}

void expect_figure_4(std::string_view source, std::string_view destination) {
  for (unsigned inner = 0; inner < 4; ++inner) {
    for (unsigned outer = 0; outer < 4; ++outer) {
      for (const unsigned dscp : {0x00U, 0xb8U, 0xfcU}) {
        const PacketSpec spec{.source = source,
                              .destination = destination,
                              .tos = static_cast<std::uint8_t>(dscp | inner)};
        Packet packet = make_packet(spec);
        const Packet before = packet;
        const bool kept = ecn_decapsulate(packet, inspect(packet).value(),
                                          static_cast<std::uint8_t>(0x88 | outer));
        const int expected = kFigure4[inner][outer];
        ASSERT_EQ(kept, expected != kDrop) << inner << ' ' << outer;
        if (!kept) {
          EXPECT_EQ(packet, before);
          continue;
        }
        // As if the packet had been made with that codepoint: DSCP, flow label and checksum too.
        PacketSpec wanted = spec;
        wanted.tos = static_cast<std::uint8_t>(dscp | static_cast<unsigned>(expected));
        EXPECT_EQ(packet, make_packet(wanted)) << inner << ' ' << outer;
      }
    }
  }
}

TEST(Ecn, merges_into_ipv4_by_rfc_6040_and_mends_the_checksum) {  // P24
  expect_figure_4("192.0.2.1", "198.51.100.2");
}

TEST(Ecn, merges_into_ipv6_by_rfc_6040) {  // P24
  expect_figure_4("2001:db8::1", "2001:db8::2");
}

}  // namespace
}  // namespace wring
