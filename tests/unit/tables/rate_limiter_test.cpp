#include "tables/rate_limiter.h"

#include <gtest/gtest.h>

#include "ip/prefix_key.h"

namespace wring {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

int allowed(RateLimiter& limiter, const IpAddress& source, TimePoint now, int tries) {
  int count = 0;
  for (int i = 0; i < tries; ++i)
    count += limiter.allow(source, now) ? 1 : 0;
  return count;
}

TEST(RateLimiter, lets_five_through_at_once) {  // P32
  RateLimiter limiter;
  EXPECT_EQ(allowed(limiter, address("192.0.2.1"), kStart, 100), 5);
}

TEST(RateLimiter, lets_twenty_a_second_through) {  // P32
  RateLimiter limiter;
  const IpAddress source = address("192.0.2.1");
  int count = 0;
  for (TimePoint now = kStart; now < kStart + 10s; now += 1ms) {
    count += limiter.allow(source, now) ? 1 : 0;
  }
  // Five at the start, then one every 50 ms: 199.98 of them fit.
  EXPECT_EQ(count, 5 + 199);
}

TEST(RateLimiter, a_refused_message_costs_nothing) {
  RateLimiter limiter;
  const IpAddress source = address("192.0.2.1");
  EXPECT_EQ(allowed(limiter, source, kStart, 1000), 5);
  EXPECT_FALSE(limiter.allow(source, kStart + 49ms));
  EXPECT_TRUE(limiter.allow(source, kStart + 50ms));
  EXPECT_FALSE(limiter.allow(source, kStart + 50ms));
}

TEST(RateLimiter, addresses_of_ipv4_count_apart) {
  RateLimiter limiter;
  EXPECT_EQ(allowed(limiter, address("192.0.2.1"), kStart, 9), 5);
  EXPECT_EQ(allowed(limiter, address("192.0.2.2"), kStart, 9), 5);
}

TEST(RateLimiter, an_ipv6_64_counts_as_one_source) {  // P32
  RateLimiter limiter;
  EXPECT_EQ(allowed(limiter, address("2001:db8:1:2::1"), kStart, 9), 5);
  EXPECT_EQ(allowed(limiter, address("2001:db8:1:2:ffff::2"), kStart, 9), 0);
  EXPECT_EQ(allowed(limiter, address("2001:db8:1:3::1"), kStart, 9), 5);
  EXPECT_EQ(limiter.size(), 2U);
}

// Messages that pass in ten seconds, of one each millisecond from ever new /64s of the prefix.
int allowed_of(RateLimiter& limiter, std::string_view prefix, unsigned free_bytes) {
  Bytes<16> bytes = address(prefix).bytes;
  int count = 0;
  std::uint32_t number = 0;
  for (TimePoint now = kStart; now < kStart + 10s; now += 100us, ++number) {
    for (unsigned i = 0; i < free_bytes; ++i)
      bytes[7 - i] = static_cast<std::uint8_t>(number * 2654435761U >> (8 * i));
    count += limiter.allow(IpAddress::v6(bytes), now) ? 1 : 0;
  }
  return count;
}

TEST(RateLimiter, an_ipv6_48_has_200_a_second_however_many_64s_it_sends_from) {
  RateLimiter limiter;
  EXPECT_NEAR(allowed_of(limiter, "2001:db8:1::", 2), 50 + 2000, 2);
  EXPECT_LT(limiter.size(), 2100U);  // a refused one takes no memory
}

TEST(RateLimiter, an_ipv6_32_has_1000_a_second_however_many_48s_it_sends_from) {
  RateLimiter limiter;
  EXPECT_NEAR(allowed_of(limiter, "2001:db8::", 4), 250 + 10'000, 2);
}

TEST(RateLimiter, a_64_over_its_limit_does_not_use_up_the_share_of_its_48) {
  RateLimiter limiter;
  EXPECT_EQ(allowed(limiter, address("2001:db8:1:2::1"), kStart, 1000), 5);
  for (int i = 3; i < 12; ++i) {
    EXPECT_EQ(allowed(limiter, address("2001:db8:1:" + std::to_string(i) + "::1"), kStart, 9), 5);
  }
  EXPECT_EQ(allowed(limiter, address("2001:db8:1:99::1"), kStart, 9), 0);  // 50 at once
  EXPECT_EQ(allowed(limiter, address("2001:db8:2:99::1"), kStart, 9), 5);
}

TEST(RateLimiter, forgets_a_source_after_a_second_of_silence) {
  RateLimiter limiter;
  EXPECT_EQ(limiter.next_expiry(), kNever);
  EXPECT_TRUE(limiter.allow(address("192.0.2.1"), kStart));
  EXPECT_TRUE(limiter.allow(address("192.0.2.2"), kStart + 500ms));
  EXPECT_EQ(limiter.next_expiry(), kStart + 1s);
  limiter.expire(kStart + 999ms);
  EXPECT_EQ(limiter.size(), 2U);
  limiter.expire(kStart + 1s);
  EXPECT_EQ(limiter.size(), 1U);
  EXPECT_TRUE(limiter.allow(address("192.0.2.3"), kStart + 1500ms));
  EXPECT_EQ(limiter.size(), 1U);
}

TEST(RateLimiter, refuses_new_sources_when_full_and_goes_on_for_the_others) {
  RateLimiter limiter;
  for (std::uint32_t i = 0; i < 65536; ++i) {
    ASSERT_TRUE(limiter.allow(IpAddress::v4(V4Key{0x0a000000 + i}.bytes()), kStart));
  }
  EXPECT_FALSE(limiter.allow(address("192.0.2.1"), kStart));
  EXPECT_TRUE(limiter.allow(address("10.0.0.1"), kStart));
  EXPECT_EQ(limiter.size(), 65536U);
  EXPECT_TRUE(limiter.allow(address("192.0.2.1"), kStart + 1s));
}

}  // namespace
}  // namespace wring
