// Which addresses are behind a silent peer.
#include "proxy/peer_map.h"

#include <gtest/gtest.h>

#include <memory>

namespace wring::proxy {
namespace {

using std::chrono::seconds;

config::Peer peer_with(const char* prefix) {
  config::Peer peer;
  peer.allowed_ips.push_back({*IpPrefix::parse(prefix), config::AllowedIp::Sign::kNone, {}});
  return peer;
}

TEST(PeerMap, TheLongestPrefixNamesThePeer) {
  config::TunnelConfig config;
  config.peers.push_back(peer_with("0.0.0.0/0"));
  config.peers.push_back(peer_with("10.0.0.0/8"));
  const auto shared = std::make_unique<Shared>();
  shared->silent[1] = true;
  PeerMap map(config, *shared);
  const TimePoint now{seconds(100)};
  EXPECT_FALSE(map.is_silent(*IpAddress::parse("192.0.2.1"), now));
  EXPECT_FALSE(map.is_silent(*IpAddress::parse("2001:db8::1"), now));
  EXPECT_FALSE(map.is_silent(*IpAddress::parse("10.1.1.1"), now)) << "one goes out to try";
  EXPECT_TRUE(map.is_silent(*IpAddress::parse("10.1.1.1"), now + seconds(4)));
  EXPECT_FALSE(map.is_silent(*IpAddress::parse("10.1.1.1"), now + seconds(5)));
  EXPECT_TRUE(map.is_silent(*IpAddress::parse("10.1.1.1"), now + seconds(6)));
  shared->silent[1] = false;
  EXPECT_FALSE(map.is_silent(*IpAddress::parse("10.1.1.1"), now + seconds(6)));
}

}  // namespace
}  // namespace wring::proxy
