// How often who may try.
#include "proxy/guesses.h"

#include <gtest/gtest.h>

namespace wring::proxy {
namespace {

using std::chrono::seconds;

const IpAddress kOne = *IpAddress::parse("192.0.2.1");
const TimePoint kBegin{seconds(1000)};

TEST(Guesses, TenInAMinute) {
  Guesses guesses;
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(guesses.may_try(kOne, kBegin));
    guesses.count_wrong(kOne, kBegin);
  }
  EXPECT_FALSE(guesses.may_try(kOne, kBegin + seconds(59)));
  EXPECT_TRUE(guesses.may_try(*IpAddress::parse("192.0.2.2"), kBegin));
  EXPECT_TRUE(guesses.may_try(kOne, kBegin + seconds(60)));
}

TEST(Guesses, ANetworkOfIpv6IsOneAddress) {
  Guesses guesses;
  for (int i = 0; i < 10; ++i)
    guesses.count_wrong(*IpAddress::parse("2001:db8::" + std::to_string(i)), kBegin);
  EXPECT_FALSE(guesses.may_try(*IpAddress::parse("2001:db8::ffff"), kBegin));
  EXPECT_TRUE(guesses.may_try(*IpAddress::parse("2001:db8:0:1::"), kBegin));
}

TEST(Guesses, OneSiteOfIpv6LocksOutItselfAlone) {
  Guesses guesses;
  unsigned heard = 0;
  for (unsigned i = 0; i < 65536; ++i) {
    IpAddress address = *IpAddress::parse("2001:db8::1");
    address.bytes[6] = static_cast<std::uint8_t>(i >> 8);
    address.bytes[7] = static_cast<std::uint8_t>(i & 0xff);
    if (!guesses.may_try(address, kBegin)) continue;
    guesses.count_wrong(address, kBegin);
    ++heard;
  }
  EXPECT_EQ(heard, 100U);
  EXPECT_TRUE(guesses.may_try(kOne, kBegin));
  EXPECT_TRUE(guesses.may_try(*IpAddress::parse("2001:db8:1::1"), kBegin));
}

TEST(Guesses, OfTooManyAddressesTheOneThatWasWrongLongestAgoIsForgotten) {
  Guesses guesses;
  for (int i = 0; i < 10; ++i)
    guesses.count_wrong(kOne, kBegin);
  const auto address_of = [](unsigned i) {
    const auto low = static_cast<std::uint8_t>(i & 0xff);
    return IpAddress::v4({10, 0, static_cast<std::uint8_t>(i >> 8), low});
  };
  for (unsigned i = 0; i < 4095; ++i)
    guesses.count_wrong(address_of(i), kBegin);
  EXPECT_FALSE(guesses.may_try(kOne, kBegin));
  guesses.count_wrong(address_of(4095), kBegin);
  EXPECT_TRUE(guesses.may_try(kOne, kBegin));
  EXPECT_TRUE(guesses.may_try(*IpAddress::parse("192.0.2.2"), kBegin)) << "a newcomer";
}

}  // namespace
}  // namespace wring::proxy
