// What peers may reach.
#include "proxy/reachability.h"

#include <gtest/gtest.h>

#include "proxyconfig/addresses.h"

namespace wring::proxy {
namespace {

class Reachability : public testing::Test {
 protected:
  // Of this host, 192.0.2.1 is an address of its own.
  static bool may(const std::vector<const char*>& list, const char* to,
                  std::optional<std::uint16_t> port = 443) {
    std::vector<Reachable> entries;
    for (const char* const each : list)
      entries.push_back(read_reachable(each).value());
    return is_reachable(entries, *IpAddress::parse(to), port, [](const IpAddress& address) {
      return address == *IpAddress::parse("192.0.2.1");
    });
  }
};

TEST_F(Reachability, ByPrefixAndPort) {
  EXPECT_TRUE(may({"10.1.0.0/16:443"}, "10.1.2.3"));
  EXPECT_FALSE(may({"10.1.0.0/16:443"}, "10.1.2.3", 444));
  EXPECT_FALSE(may({"10.1.0.0/16:443"}, "10.2.0.1"));
  EXPECT_TRUE(may({"10.1.0.0/16:440-450", "::/0"}, "10.1.2.3", 450));
  EXPECT_FALSE(may({"10.1.0.0/16:440-450", "::/0"}, "10.1.2.3", 451));
  EXPECT_TRUE(may({"[fd00::/8]:53"}, "fd00::1", 53));
  EXPECT_TRUE(may({"fd00::/8"}, "fd00::1", 1));
}

TEST_F(Reachability, PingsNeedAnEntryWithoutPorts) {
  EXPECT_TRUE(may({"10.1.0.0/16"}, "10.1.2.3", std::nullopt));
  EXPECT_FALSE(may({"10.1.0.0/16:1-65535"}, "10.1.2.3", std::nullopt));
}

TEST_F(Reachability, LoopbackAndLinkLocalHaveToBeNamed) {
  for (const char* const to : {"127.0.0.1", "169.254.169.254", "::1", "fe80::1"}) {
    EXPECT_FALSE(may({"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::/8", "fe00::/7"}, to))
        << to;
    EXPECT_TRUE(may({to}, to)) << to;
  }
  EXPECT_TRUE(may({"127.0.0.0/8"}, "127.0.0.1"));
  EXPECT_TRUE(may({"169.254.169.0/24:443"}, "169.254.169.254"));
}

TEST_F(Reachability, AnAddressOfThisHostHasToBeNamed) {
  EXPECT_FALSE(may({"192.0.2.0/24", "0.0.0.0/0"}, "192.0.2.1"));
  EXPECT_TRUE(may({"192.0.2.0/24"}, "192.0.2.2"));
  EXPECT_TRUE(may({"192.0.2.1"}, "192.0.2.1"));
}

TEST_F(Reachability, WhatIsNoHostIsNever) {
  for (const char* const to :
       {"0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(may({"0.0.0.0/0", "::/0", to}, to)) << to;
  }
}

TEST(Reachable, WhatIsNoneIsRefused) {
  for (const char* const bad :
       {"10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:2-1", "10.0.0.0/8:65536", "[fd00::/8]",
        "[fd00::/8]53", "name:53", "10.0.0.0/33", "[10.0.0.0/8:5", ":5", "["}) {
    EXPECT_FALSE(read_reachable(bad)) << bad;
  }
}

}  // namespace
}  // namespace wring::proxy
