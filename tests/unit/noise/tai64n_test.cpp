#include "noise/tai64n.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/hex.h"

namespace wring {
namespace {

using namespace std::chrono_literals;
using test::hex_bytes;

TEST(Tai64n, counts_seconds_from_2_to_the_62_plus_10) {
  EXPECT_EQ(tai64n_from(WallTime(0s)).bytes, hex_bytes<12>("400000000000000a 00000000"));
  EXPECT_EQ(tai64n_from(WallTime(1700000000s)).bytes, hex_bytes<12>("400000006553f10a 00000000"));
}

// P5
TEST(Tai64n, whitens_the_low_24_bits_of_the_nanoseconds) {
  EXPECT_EQ(tai64n_from(WallTime(1s + 999999999ns)).bytes,
            hex_bytes<12>("400000000000000b 3b000000"));
  EXPECT_EQ(tai64n_from(WallTime(16777215ns)), tai64n_from(WallTime(0ns)));
  EXPECT_GT(tai64n_from(WallTime(16777216ns)), tai64n_from(WallTime(0ns)));
}

TEST(Tai64n, orders_stamps_as_time_does) {
  const WallTime start(1700000000s);
  for (int step = 0; step < 200; ++step) {
    const WallTime now = start + step * 17ms;
    EXPECT_LT(tai64n_from(now), tai64n_from(now + 17ms));
  }
}

TEST(Tai64n, is_before_every_real_stamp_by_default) {
  EXPECT_EQ(Tai64n{}.bytes, Bytes<12>{});
  EXPECT_LT(Tai64n{}, tai64n_from(WallTime(0s)));
}

// P5
TEST(Tai64n, has_a_successor_that_is_the_next_whitened_stamp) {
  EXPECT_EQ(successor(tai64n_from(WallTime(1s))).bytes, hex_bytes<12>("400000000000000b 01000000"));
  EXPECT_EQ(successor(tai64n_from(WallTime(1s + 999999999ns))).bytes,
            hex_bytes<12>("400000000000000c 00000000"));
  Tai64n stamp = tai64n_from(WallTime(1s));
  for (int step = 0; step < 200; ++step) {
    const Tai64n next = successor(stamp);
    EXPECT_GT(next, stamp);
    stamp = next;
  }
}

TEST(Tai64n, takes_a_clock_set_before_1970) {
  EXPECT_LT(tai64n_from(WallTime(-1ns)), tai64n_from(WallTime(0s)));
}

}  // namespace
}  // namespace wring
