// What is changed and what is asked, in a namespace of the test's own.
#include "netlink/network_changes.h"

#include <gmock/gmock.h>
#include <net/if.h>

#include <cerrno>
#include <utility>

#include "ip/endpoint_parse.h"
#include "netlink/network_facts.h"
#include "tests/support/private_namespace.h"

namespace wring {
namespace {

using test::run;
using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

class NetworkChangesTest : public test::NamespaceTest {
 protected:
  void SetUp() override {
    NamespaceTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(run("ip tuntap add dev t0 mode tun"));
    index_ = if_nametoindex("t0");
    auto socket = RtSocket::open();
    ASSERT_TRUE(socket);
    socket_.emplace(std::move(*socket));
    ASSERT_TRUE(add_address(*socket_, index_, *IpAddress::parse("10.9.0.1"), 24));
    ASSERT_TRUE(add_address(*socket_, index_, *IpAddress::parse("fd09::1"), 64));
    ASSERT_TRUE(set_up(*socket_, index_, 1380));
  }

  unsigned index_ = 0;
  std::optional<RtSocket> socket_;
};

TEST_F(NetworkChangesTest, addresses_and_their_routes_are_seen) {
  const auto addresses = addresses_of(*socket_, index_);
  ASSERT_TRUE(addresses);
  EXPECT_THAT(*addresses, IsSupersetOf({OwnAddress{*IpAddress::parse("10.9.0.1"), 24},
                                        OwnAddress{*IpAddress::parse("fd09::1"), 64}}));
  const auto routes = routes_of(*socket_, index_);
  ASSERT_TRUE(routes);
  EXPECT_THAT(*routes,
              IsSupersetOf({*IpPrefix::parse("10.9.0.0/24"), *IpPrefix::parse("fd09::/64")}));
}

// Where there could be another one who has it, the kernel asks for a second.
TEST_F(NetworkChangesTest, an_address_can_be_used_at_once) {
  ASSERT_TRUE(
      run("ip link add v0 type veth peer name v1 && ip link set v1 up && "
          "ip link set v0 up"));
  ASSERT_TRUE(add_address(*socket_, if_nametoindex("v0"), *IpAddress::parse("fd08::1"), 64));
  const UniqueFd bound(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const Endpoint at = parse_endpoint("[fd08::1]:7").value();
  EXPECT_EQ(bind(bound.get(), &at.remote.any, at.remote_size()), 0);
}

TEST_F(NetworkChangesTest, a_route_goes_into_its_table) {
  const IpPrefix to = *IpPrefix::parse("10.77.0.0/16");
  EXPECT_EQ(is_empty_table(*socket_, 51820), true);
  ASSERT_TRUE(add_route(*socket_, index_, to, 51820));
  EXPECT_EQ(is_empty_table(*socket_, 51820), false);
  EXPECT_THAT(routes_of(*socket_, index_).value(), Not(Contains(to)));
  const auto again = add_route(*socket_, index_, to, 51820);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, EEXIST);
}

TEST_F(NetworkChangesTest, routes_and_addresses_are_deleted_once) {
  for (const char* const text : {"10.77.0.0/16", "fd77::/32"}) {
    const IpPrefix to = *IpPrefix::parse(text);
    ASSERT_TRUE(add_route(*socket_, index_, to, kMainTable));
    EXPECT_TRUE(delete_route(*socket_, index_, to, kMainTable));
    EXPECT_EQ(delete_route(*socket_, index_, to, kMainTable).error().code, ESRCH);
    EXPECT_THAT(routes_of(*socket_, index_).value(), Not(Contains(to)));
  }
  for (const auto& [text, length] : {std::pair("10.9.0.1", 24), std::pair("fd09::1", 64)}) {
    const OwnAddress own{*IpAddress::parse(text), static_cast<std::uint8_t>(length)};
    EXPECT_TRUE(delete_address(*socket_, index_, own.address, own.length));
    EXPECT_EQ(delete_address(*socket_, index_, own.address, own.length).error().code,
              EADDRNOTAVAIL);
    EXPECT_THAT(addresses_of(*socket_, index_).value(), Not(Contains(own)));
  }
}

TEST_F(NetworkChangesTest, the_way_has_the_mtu_of_route_or_interface) {
  const Endpoint far = *parse_endpoint("192.0.2.1:7");
  EXPECT_FALSE(way_to(*socket_, far, 0));
  EXPECT_FALSE(default_way(*socket_));
  ASSERT_TRUE(run("ip route add default dev t0"));
  ASSERT_TRUE(run("ip route add 192.0.2.2 dev t0 mtu 1300"));
  EXPECT_EQ(way_to(*socket_, far, 0)->mtu, 1380U);
  EXPECT_EQ(way_to(*socket_, far, 0)->interface, index_);
  EXPECT_EQ(way_to(*socket_, *parse_endpoint("192.0.2.2:7"), 0)->mtu, 1300U);
  EXPECT_EQ(way_to(*socket_, *parse_endpoint("[fd09::2]:7"), 0)->mtu, 1380U);
  EXPECT_EQ(default_way(*socket_)->mtu, 1380U);
}

TEST_F(NetworkChangesTest, rules_decide_by_the_mark) {
  const Endpoint far = *parse_endpoint("192.0.2.1:7");
  ASSERT_TRUE(add_route(*socket_, index_, *IpPrefix::parse("0.0.0.0/0"), 51820));
  for (const auto kind : {RoutingRule::Kind::kUnmarked, RoutingRule::Kind::kMainNoDefault}) {
    const bool unmarked = kind == RoutingRule::Kind::kUnmarked;
    const RoutingRule rule{IpVersion::kV4, kind, unmarked ? 51820 : kMainTable};
    ASSERT_TRUE(add_rule(*socket_, rule));
  }
  EXPECT_TRUE(way_to(*socket_, far, 0));
  EXPECT_FALSE(way_to(*socket_, far, 51820));
  const RoutingRule unmarked{IpVersion::kV4, RoutingRule::Kind::kUnmarked, 51820};
  ASSERT_TRUE(delete_rule(*socket_, unmarked));
  EXPECT_FALSE(way_to(*socket_, far, 0));
  EXPECT_EQ(delete_rule(*socket_, unmarked).error().code, ENOENT);
}

}  // namespace
}  // namespace wring
