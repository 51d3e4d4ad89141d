// The steps for a file, beside what wg-quick does for it.
#include "run/plan.h"

#include <gmock/gmock.h>

#include <tuple>
#include <utility>

#include "config/parser.h"

namespace wring::run {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

config::TunnelConfig parsed(const std::string& interface, const std::string& allowed) {
  const std::string text =
      "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n" + interface +
      "\n[Peer]\nPublicKey = xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\nAllowedIPs = " +
      allowed + "\n";
  auto [config, diagnostics] = config::parse(text, "wg0.conf");
  EXPECT_FALSE(diagnostics.has_errors()) << text;
  return std::move(config);
}

std::vector<std::string> texts(const std::vector<Step>& steps) {
  std::vector<std::string> all;
  for (const Step& step : steps)
    all.push_back(to_string(step));
  return all;
}

struct Case {
  const char* what;
  const char* interface;
  const char* allowed;
  std::vector<std::string> steps;
  std::vector<std::string> defaults;
  std::uint32_t fwmark;
};

const Case kCases[] = {
    {"addresses in order",
     "Address = 10.0.0.1/24, fd00::1/64\nAddress = 10.0.1.1",
     "10.0.0.2/32",
     {"address 10.0.0.1/24", "address fd00::1/64", "address 10.0.1.1/32", "up, mtu of the way",
      "route 10.0.0.2/32 in table 254 unless covered"},
     {},
     0},
    {"an MTU that is given",
     "MTU = 1300",
     "10.0.0.0/8",
     {"up, mtu 1300", "route 10.0.0.0/8 in table 254 unless covered"},
     {},
     0},
    {"the longest prefixes first",
     "",
     "10.0.0.0/8, fd00::/64, 10.1.0.0/16, 10.1.2.3/32",
     {"up, mtu of the way", "route fd00::/64 in table 254 unless covered",
      "route 10.1.2.3/32 in table 254 unless covered",
      "route 10.1.0.0/16 in table 254 unless covered",
      "route 10.0.0.0/8 in table 254 unless covered"},
     {},
     0},
    {"a default route of IPv4",
     "",
     "0.0.0.0/0",
     {"up, mtu of the way"},
     {"IPv4 rule not fwmark 51821 table 51821", "IPv4 rule table main suppress_prefixlength 0",
      "route 0.0.0.0/0 in table 51821", "IPv4 protection, mark 51821"},
     51821},
    {"default routes of both versions",
     "",
     "0.0.0.0/0, ::/0",
     {"up, mtu of the way"},
     {"IPv4 rule not fwmark 51821 table 51821", "IPv4 rule table main suppress_prefixlength 0",
      "route 0.0.0.0/0 in table 51821", "IPv4 protection, mark 51821",
      "IPv6 rule not fwmark 51821 table 51821", "IPv6 rule table main suppress_prefixlength 0",
      "route ::/0 in table 51821", "IPv6 protection, mark 51821"},
     51821},
    {"the file's mark is the table",
     "FwMark = 0x33",
     "::/0",
     {"up, mtu of the way"},
     {"IPv6 rule not fwmark 51 table 51", "IPv6 rule table main suppress_prefixlength 0",
      "route ::/0 in table 51", "IPv6 protection, mark 51"},
     51},
    {"a mark without a default route",
     "FwMark = 7",
     "10.0.0.0/8",
     {"up, mtu of the way", "route 10.0.0.0/8 in table 254 unless covered"},
     {},
     7},
    {"two halves are no default route",
     "",
     "0.0.0.0/1, 128.0.0.0/1",
     {"up, mtu of the way", "route 0.0.0.0/1 in table 254 unless covered",
      "route 128.0.0.0/1 in table 254 unless covered"},
     {},
     0},
    {"no routes", "Table = off", "0.0.0.0/0, 10.0.0.0/8", {"up, mtu of the way"}, {}, 0},
    {"a table with a number",
     "Table = 1234",
     "10.0.0.0/8, ::/0",
     {"up, mtu of the way", "route 10.0.0.0/8 in table 1234", "route ::/0 in table 1234"},
     {},
     0},
    {"a table with a name",
     "Table = blue",
     "0.0.0.0/0",
     {"up, mtu of the way", "route 0.0.0.0/0 in table 77"},
     {},
     0},
    {"the automatic table by its name",
     "Table = auto",
     "10.0.0.0/8",
     {"up, mtu of the way", "route 10.0.0.0/8 in table 254 unless covered"},
     {},
     0},
};

TEST(Plan, has_the_steps_of_wg_quick) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.what);
    const Plan plan = make_plan(parsed(one.interface, one.allowed), 51821, 77);
    EXPECT_THAT(texts(plan.steps), ElementsAreArray(one.steps));
    EXPECT_THAT(texts(plan.defaults), ElementsAreArray(one.defaults));
    EXPECT_EQ(plan.fwmark, one.fwmark);
    EXPECT_THAT(plan.dns, IsEmpty());
    EXPECT_EQ(has_default_route(parsed(one.interface, one.allowed)), !one.defaults.empty());
  }
}

TEST(PlanInside, has_all_routes_in_the_main_table_and_nothing_to_protect) {
  const Plan plan = make_plan_inside(
      parsed("Address = 10.0.0.2/24\nTable = off\nFwMark = 7\nDNS = 10.0.0.1\nMTU = 1300\n",
             "10.0.0.0/24, 0.0.0.0/0, ::/0"));
  EXPECT_THAT(texts(plan.steps), ElementsAre("address 10.0.0.2/24", "up, mtu 1300",
                                             "route 10.0.0.0/24 in table 254 unless covered",
                                             "route 0.0.0.0/0 in table 254 unless covered",
                                             "route ::/0 in table 254 unless covered"));
  EXPECT_THAT(plan.defaults, IsEmpty());
  EXPECT_THAT(texts(plan.dns), ElementsAre("dns 10.0.0.1"));
}

TEST(Plan, sets_dns_only_if_there_are_servers) {
  const auto both = parsed("DNS = 10.0.0.1, example.com, fd00::1", "10.0.0.0/8");
  EXPECT_THAT(texts(make_plan(both, 1, 1).dns), ElementsAre("dns 10.0.0.1 fd00::1 example.com"));
  const auto search = parsed("DNS = example.com", "10.0.0.0/8");
  EXPECT_THAT(make_plan(search, 1, 1).dns, IsEmpty());
}

TEST(ChooseMtu, takes_the_least_way_and_leaves_room_for_the_tunnel) {
  EXPECT_EQ(choose_mtu({1500, 1400, 9000}, 1300), 1320U);
  EXPECT_EQ(choose_mtu({0, 1400}, 1300), 1320U);
  EXPECT_EQ(choose_mtu({}, 1300), 1220U);
  EXPECT_EQ(choose_mtu({0}, 0), 1420U);
  EXPECT_EQ(choose_mtu({65536}, 0), 65456U);
}

}  // namespace
}  // namespace wring::run
