// The commands for nftables.
#include "run/firewall.h"

#include <gmock/gmock.h>

namespace wring::run {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Protection, is_for_the_addresses_of_its_version) {
  const std::vector<IpAddress> addresses{*IpAddress::parse("10.0.0.1"),
                                         *IpAddress::parse("fd00::1")};
  const std::string four = protection("wg0", IpVersion::kV4, addresses, 51820);
  EXPECT_THAT(four, HasSubstr("table ip wg-quick-wg0 {\n"));
  EXPECT_THAT(four, HasSubstr("iifname != \"wg0\" ip daddr 10.0.0.1 fib saddr type != local drop"));
  EXPECT_THAT(four, HasSubstr("meta mark 51820 ct mark set meta mark"));
  EXPECT_THAT(four, Not(HasSubstr("fd00::1")));
  const std::string six = protection("wg0", IpVersion::kV6, addresses, 51820);
  EXPECT_THAT(six, HasSubstr("table ip6 wg-quick-wg0 {\n"));
  EXPECT_THAT(six, HasSubstr("ip6 daddr fd00::1 fib"));
  EXPECT_THAT(six, Not(HasSubstr("10.0.0.1")));
}

TEST(GatewayRules, are_what_was_asked_for) {
  const std::string both = gateway_rules("wg0", {"eth0", true});
  EXPECT_THAT(both, HasSubstr("table inet wg-quick-wg0 {\n"));
  EXPECT_THAT(both, HasSubstr("iifname \"wg0\" oifname \"eth0\" masquerade\n"));
  EXPECT_THAT(both, HasSubstr("oifname \"wg0\" tcp flags & (syn | rst) == syn tcp option maxseg"));
  EXPECT_THAT(gateway_rules("wg0", {"", true}), Not(HasSubstr("masquerade")));
  EXPECT_THAT(gateway_rules("wg0", {"eth0", false}), Not(HasSubstr("maxseg")));
  EXPECT_TRUE(Gateway{}.is_empty());
}

TEST(RunNft, says_what_nftables_does_not_take) {
  const auto run = run_nft("frobnicate");
  ASSERT_FALSE(run);
  EXPECT_THAT(run.error().message, HasSubstr("cannot change the tables of nftables: "));
  EXPECT_THAT(run.error().message, HasSubstr("syntax error"));
}

}  // namespace
}  // namespace wring::run
