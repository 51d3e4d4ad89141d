// Which addresses are tried, and how echoes look.
#include "doctor/inner_echo.h"

#include <gtest/gtest.h>

#include "config/parser.h"
#include "ip/checksum.h"

namespace wring::doctor {
namespace {

std::vector<EchoTarget> targets(const std::string& interface, const std::string& allowed) {
  const auto parsed = config::parse(
      "[Interface]\nPrivateKey = "
      "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n" +
          interface +
          "\n[Peer]\nPublicKey = "
          "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n"
          "AllowedIPs = " +
          allowed + "\n",
      "test");
  EXPECT_FALSE(parsed.diagnostics.has_errors());
  return echo_targets(parsed.config.interface, parsed.config.peers[0]);
}

std::string text(const std::vector<EchoTarget>& all) {
  std::string joined;
  for (const EchoTarget& target : all) {
    joined += to_string(target.from) + ">" + to_string(target.to) +
              (target.hop_limit == 1 ? "!" : "") + " ";
  }
  return joined;
}

TEST(InnerEcho, a_single_address_of_the_peer_comes_first) {
  EXPECT_EQ(text(targets("Address = 10.9.0.2/24", "10.8.0.0/16, 10.9.0.1/32")),
            "10.9.0.2>10.9.0.1 10.9.0.2>10.8.0.1 10.9.0.2>10.8.0.1! ");
}

TEST(InnerEcho, behind_a_default_route_the_own_network_and_the_name_server_are_tried) {
  EXPECT_EQ(text(targets("Address = 10.9.0.7/24\nDNS = 10.3.0.53", "0.0.0.0/0")),
            "10.9.0.7>10.9.0.1 10.9.0.7>10.3.0.53 10.9.0.7>0.0.0.1! ");
}

TEST(InnerEcho, no_own_address_no_foreign_one_and_none_without_a_source) {
  EXPECT_EQ(text(targets("Address = 10.9.0.1/24", "10.9.0.1/32")), "");
  EXPECT_EQ(text(targets("Address = 10.9.0.1/24", "fd09::2/128")), "");
  EXPECT_EQ(text(targets("Address = fd09::1/64\nDNS = 10.3.0.53", "fd09::2/128")),
            "fd09::1>fd09::2 ");
}

TEST(InnerEcho, an_answer_is_known_by_its_name) {
  const EchoTarget target{*IpAddress::parse("10.9.0.1"), *IpAddress::parse("10.9.0.2"), 64};
  const auto packet = echo_request(target, {0x1234, 0x5678});
  EXPECT_EQ(packet.size(), 28U);
  EXPECT_EQ(internet_checksum(ByteSpan(packet).first(20)), 0);
  EXPECT_EQ(internet_checksum(ByteSpan(packet).subspan(20)), 0);
  EXPECT_TRUE(answers(packet, {0x1234, 0x5678}));
  EXPECT_FALSE(answers(packet, {0x1234, 0x5679}));
  EXPECT_FALSE(answers({}, {0x1234, 0x5678}));
}

}  // namespace
}  // namespace wring::doctor
