#include "ip/transport_view.h"

#include <gtest/gtest.h>

#include "tests/support/super_packets.h"

namespace wring {
namespace {

tl::expected<TransportView, NoTransport> view_of(const Packet& packet) {
  const auto ip = inspect(packet);
  if (!ip) return tl::unexpected(NoTransport::kUnseen);  // it does not get as far
  return view_transport(packet, *ip);
}

SuperPacket tcp_over_v6(Packet extensions, std::uint8_t first) {
  std::mt19937 random(1);
  SuperSpec spec;
  spec.v6 = true;
  spec.extensions = std::move(extensions);
  spec.first_extension = first;
  return make_super(spec, random);
}

NoTransport refusal(const Packet& packet) {
  const auto view = view_of(packet);
  EXPECT_FALSE(view);
  return view ? NoTransport{} : view.error();
}

TEST(TransportView, passes_over_options_of_both_headers) {
  std::mt19937 random(1);
  SuperSpec spec;
  spec.ip_options = Packet(40, 1);
  spec.tcp_options = Packet(40, 1);
  const auto view = view_of(make_super(spec, random).bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->is_tcp());
  EXPECT_EQ(view->version, 4);
  EXPECT_EQ(view->transport, 60u);
  EXPECT_EQ(view->payload, 120u);
  EXPECT_EQ(view->total, 3620u);
  EXPECT_EQ(view->destination, 16u);
}

TEST(TransportView, does_not_look_behind_the_length_that_the_ip_header_gives) {
  std::mt19937 random(1);
  SuperSpec spec;
  spec.payload = 0;
  Packet packet = make_super(spec, random).bytes;
  put16(packet, 2, 39);
  packet.resize(100);
  EXPECT_EQ(refusal(packet), NoTransport::kUnseen);
}

TEST(TransportView, finds_the_destination_that_a_routing_header_leads_to) {
  Packet segment_routing(40, 0);  // RFC 8754 2: two addresses, one segment left
  segment_routing[0] = 6;
  segment_routing[1] = 4;
  segment_routing[2] = 4;
  segment_routing[3] = 1;
  EXPECT_EQ(view_of(tcp_over_v6(segment_routing, 43).bytes)->destination, 48u);
  segment_routing[3] = 0;
  EXPECT_EQ(view_of(tcp_over_v6(segment_routing, 43).bytes)->destination, 24u);

  const Packet mobile = [] {  // RFC 6275 6.4
    Packet header(24, 0);
    header[0] = 6;
    header[1] = 2;
    header[2] = 2;
    header[3] = 1;
    return header;
  }();
  EXPECT_EQ(view_of(tcp_over_v6(mobile, 43).bytes)->destination, 48u);

  segment_routing[2] = 0;  // deprecated by RFC 5095
  segment_routing[3] = 1;
  EXPECT_EQ(refusal(tcp_over_v6(segment_routing, 43).bytes), NoTransport::kUnseen);
  const Packet no_address = {6, 0, 4, 1, 0, 0, 0, 0};
  EXPECT_EQ(refusal(tcp_over_v6(no_address, 43).bytes), NoTransport::kUnseen);
}

TEST(TransportView, does_not_see_through_fragments_authentication_and_endless_extensions) {
  EXPECT_EQ(refusal(tcp_over_v6({6, 0, 0, 1, 0, 0, 0, 0}, 44).bytes), NoTransport::kUnseen);
  EXPECT_EQ(refusal(tcp_over_v6(Packet(24, 6), 51).bytes), NoTransport::kUnseen);
  Packet chain;
  for (int i = 0; i < 8; ++i)
    chain.insert(chain.end(), {60, 0, 1, 4, 0, 0, 0, 0});
  EXPECT_EQ(refusal(tcp_over_v6(chain, 60).bytes), NoTransport::kUnseen);
  Packet past_the_end = tcp_over_v6({6, 255, 1, 4, 0, 0, 0, 0}, 60).bytes;
  past_the_end.resize(100);
  put16(past_the_end, 4, 60);
  EXPECT_EQ(refusal(past_the_end), NoTransport::kUnseen);
}

TEST(TransportView, tells_other_protocols_from_what_it_cannot_see) {
  EXPECT_EQ(refusal(make_packet({.source = "::1", .destination = "::2", .protocol = 58})),
            NoTransport::kOtherProtocol);
  EXPECT_EQ(refusal(make_packet({.source = "1.1.1.1", .destination = "1.1.1.2", .protocol = 50})),
            NoTransport::kOtherProtocol);
  EXPECT_EQ(refusal({}), NoTransport::kUnseen);
  EXPECT_EQ(refusal(Packet(19, 0x45)), NoTransport::kUnseen);
  EXPECT_EQ(refusal(Packet(39, 0x60)), NoTransport::kUnseen);
}

}  // namespace
}  // namespace wring
