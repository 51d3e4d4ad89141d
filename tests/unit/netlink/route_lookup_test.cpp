#include "netlink/route_lookup.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <fstream>
#include <string>

#include "ip/endpoint_parse.h"
#include "tests/support/private_namespace.h"

namespace wring {
namespace {

using test::run;

// Two uplinks, each with an address and a route of its own; the default route leads by the first.
class RouteLookupTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(
        run("ip link add up1 type veth peer end1 && ip link set end1 up && ip link set up1 up"));
    ASSERT_TRUE(
        run("ip link add up2 type veth peer end2 && ip link set end2 up && ip link set up2 up"));
    ASSERT_TRUE(run("ip addr add 10.7.1.1/24 dev up1 && ip addr add 10.7.2.1/24 dev up2"));
    ASSERT_TRUE(add_v6("fd07:1::1", "up1"));
    ASSERT_TRUE(add_v6("fd07:2::1", "up2"));
    ASSERT_TRUE(run("ip route add default via 10.7.1.2"));
    ASSERT_TRUE(run("ip -6 route add default via fd07:1::2"));
    auto lookup = RouteLookup::open();
    ASSERT_TRUE(lookup) << lookup.error().message;
    lookup_.emplace(std::move(*lookup));
  }

  // The kernel makes the address ours a little after the command has returned.
  static bool add_v6(const std::string& address, const std::string& interface) {
    return run("ip addr add " + address + "/64 dev " + interface + " nodad") &&
           run("timeout 10 sh -c 'until ip -6 route show table local | grep -q \"local " + address +
               " \"; do sleep 0.01; done'");
  }
  // A peer at `remote` that was heard at our address `source` on `interface`.
  static Endpoint heard(const std::string& remote, const std::string& source,
                        const char* interface) {
    Endpoint endpoint = parse_endpoint(remote, if_nametoindex).value();
    inet_pton(endpoint.is_v4() ? AF_INET : AF_INET6, source.c_str(), &endpoint.source);
    endpoint.set_source_ifindex(if_nametoindex(interface));
    return endpoint;
  }
  std::optional<bool> ask(const Endpoint& endpoint, std::uint32_t fwmark = 0) {
    return lookup_->leaves_as_heard(endpoint, 51820, fwmark);
  }

  std::optional<RouteLookup> lookup_;
};

TEST_F(RouteLookupTest, the_default_route_decides) {
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.1.1", "up1")), true);
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.2.1", "up2")), false);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:1::1", "up1")), true);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:2::1", "up2")), false);
  ASSERT_TRUE(run("ip route replace default via 10.7.2.2"));
  ASSERT_TRUE(run("ip -6 route replace default via fd07:2::2"));
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.1.1", "up1")), false);
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.2.1", "up2")), true);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:1::1", "up1")), false);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:2::1", "up2")), true);
}

TEST_F(RouteLookupTest, without_a_source_the_kernel_chooses_interface_and_address) {
  const auto way = [&](const std::string& remote) {
    const auto route = lookup_->way_without_source(parse_endpoint(remote).value(), 51820, 0);
    return route ? to_string(route->source) + " on " + std::to_string(route->interface) : "none";
  };
  const auto on = [](const std::string& address, const char* interface) {
    return address + " on " + std::to_string(if_nametoindex(interface));
  };
  EXPECT_EQ(way("192.0.2.9:51820"), on("10.7.1.1", "up1"));
  EXPECT_EQ(way("[2001:db8::9]:51820"), on("fd07:1::1", "up1"));
  ASSERT_TRUE(run("ip addr add 10.7.2.5/24 dev up2") && add_v6("fd07:2::5", "up2"));
  ASSERT_TRUE(run("ip route replace default via 10.7.2.2 src 10.7.2.5"));
  ASSERT_TRUE(run("ip -6 route replace default via fd07:2::2 src fd07:2::5"));
  EXPECT_EQ(way("192.0.2.9:51820"), on("10.7.2.5", "up2"));
  EXPECT_EQ(way("[2001:db8::9]:51820"), on("fd07:2::5", "up2"));
  ASSERT_TRUE(run("ip route del default"));
  EXPECT_EQ(way("192.0.2.9:51820"), "none");
}

TEST_F(RouteLookupTest, a_second_address_of_the_interface_is_as_good_as_the_first) {
  ASSERT_TRUE(run("ip addr add 10.7.1.5/24 dev up1"));
  ASSERT_TRUE(add_v6("fd07:1::5", "up1"));
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.1.5", "up1")), true);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:1::5", "up1")), true);
}

TEST_F(RouteLookupTest, rules_for_the_source_the_mark_and_the_port_count) {
  for (const std::string family : {"-4", "-6"}) {
    const bool v4 = family == "-4";
    const std::string gateway = v4 ? "10.7.2.2" : "fd07:2::2";
    const std::string source = v4 ? "10.7.2.1" : "fd07:2::1";
    const Endpoint second = heard(v4 ? "192.0.2.9:51820" : "[2001:db8::9]:51820", source, "up2");
    const std::string rule = "ip " + family + " rule add table 100 ";
    ASSERT_TRUE(run("ip " + family + " route add default via " + gateway + " table 100"));
    EXPECT_EQ(ask(second), false);
    ASSERT_TRUE(run(rule + "pref 100 fwmark 7"));
    EXPECT_EQ(ask(second), false);
    EXPECT_EQ(ask(second, 7), true);
    ASSERT_TRUE(run(rule + "pref 101 ipproto udp dport 51820 sport 51820"));
    EXPECT_EQ(ask(second), true);
    ASSERT_TRUE(run("ip " + family + " rule del pref 101"));
    EXPECT_EQ(ask(second), false);
    ASSERT_TRUE(run(rule + "pref 102 from " + source));
    EXPECT_EQ(ask(second), true);
  }
}

TEST_F(RouteLookupTest, an_address_that_is_gone_is_no_source_whatever_may_be_bound) {
  std::ofstream("/proc/sys/net/ipv4/ip_nonlocal_bind") << "1\n";
  std::ofstream("/proc/sys/net/ipv6/ip_nonlocal_bind") << "1\n";
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.1.1", "up1")), true);
  ASSERT_TRUE(run("ip addr add 10.7.1.9/24 dev up1 && ip addr del 10.7.1.9/24 dev up1"));
  ASSERT_TRUE(run("ip addr del fd07:1::1/64 dev up1"));
  ASSERT_TRUE(add_v6("fd07:1::3", "up1"));
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.1.9", "up1")), false);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:1::1", "up1")), false);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:1::3", "up1")), true);
}

TEST_F(RouteLookupTest, without_a_route_there_is_no_answer) {
  ASSERT_TRUE(run("ip route del default && ip -6 route del default"));
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.1.1", "up1")), std::nullopt);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:1::1", "up1")), std::nullopt);
  ASSERT_TRUE(run("ip route add unreachable default && ip -6 route add unreachable default"));
  EXPECT_EQ(ask(heard("192.0.2.9:51820", "10.7.1.1", "up1")), std::nullopt);
  EXPECT_EQ(ask(heard("[2001:db8::9]:51820", "fd07:1::1", "up1")), std::nullopt);
}

TEST_F(RouteLookupTest, what_goes_to_ourselves_leaves_by_no_interface) {
  EXPECT_EQ(ask(heard("127.0.0.1:51820", "127.0.0.1", "lo")), true);
  EXPECT_EQ(ask(heard("127.0.0.1:51820", "127.0.0.9", "lo")), true);
  EXPECT_EQ(ask(heard("[::1]:51820", "::1", "lo")), true);
  EXPECT_EQ(ask(heard("10.7.1.1:51820", "10.7.2.1", "up2")), true);
  EXPECT_EQ(ask(heard("[fd07:1::1]:51820", "fd07:2::1", "up2")), true);
}

TEST_F(RouteLookupTest, a_link_local_address_belongs_to_its_interface) {
  ASSERT_TRUE(add_v6("fe80::77", "up2"));
  EXPECT_EQ(ask(heard("[fe80::9%up2]:51820", "fe80::77", "up2")), true);
  EXPECT_EQ(ask(heard("[fe80::9%up1]:51820", "fe80::77", "up1")), false);
  EXPECT_EQ(ask(heard("[fe80::9%up2]:51820", "fe80::78", "up2")), false);
}

}  // namespace
}  // namespace wring
