// Windows in segments of 1,000 bytes, over a round trip of 100 ms.
#include "stack/congestion.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

namespace wring::stack {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kSegment = 1000;
constexpr Duration kTrip = 100ms;

class CongestionTest : public testing::Test {
 protected:
  CongestionTest() { congestion_.begin(kSegment); }
  // Whole windows arrive, each in a round trip.
  void pass(int round_trips) {
    for (int i = 0; i < round_trips; ++i) {
      const std::uint32_t all = congestion_.window();
      for (std::uint32_t done = 0; done < all; done += kSegment) {
        const Duration at = kTrip * done / all;
        congestion_.on_delivered(kSegment, now_ + at, kTrip);
      }
      now_ += kTrip;
    }
  }
  void lose(std::uint32_t carried = 0) {
    congestion_.on_loss(carried);
    congestion_.set_window(congestion_.threshold());
  }
  [[nodiscard]] double segments() const {
    return static_cast<double>(congestion_.window()) / kSegment;
  }

  Congestion congestion_;
  TimePoint now_{1s};
};

TEST_F(CongestionTest, begins_with_ten_segments_and_doubles) {
  EXPECT_EQ(congestion_.window(), 10000U);  // RFC 6928
  pass(1);
  EXPECT_EQ(congestion_.window(), 20000U);
  pass(2);
  EXPECT_EQ(congestion_.window(), 80000U);
}

// RFC 9438, 4.6.
TEST_F(CongestionTest, comes_down_to_seven_tenths) {
  congestion_.set_window(100000);
  lose();
  EXPECT_EQ(congestion_.window(), 70000U);
}

TEST_F(CongestionTest, comes_down_no_further_than_to_what_the_path_carried) {
  congestion_.set_window(100000);
  lose(90000);
  EXPECT_EQ(congestion_.window(), 90000U);
  lose(200000);
  EXPECT_EQ(congestion_.window(), 90000U);
}

TEST_F(CongestionTest, keeps_two_segments) {
  congestion_.set_window(2000);
  lose();
  EXPECT_EQ(congestion_.window(), 2000U);  // RFC 5681, 3.1
}

// RFC 9438, 4.2: K = cbrt(W_max (1 - beta) / C), and W_cubic(K) = W_max.
TEST_F(CongestionTest, is_back_at_the_old_window_when_cubic_says) {
  congestion_.set_window(1000 * kSegment);
  lose();
  const double k = std::cbrt(1000 * 0.3 / 0.4);  // 9.1 s
  pass(static_cast<int>(k * 10) - 1);
  EXPECT_NEAR(segments(), 1000, 5);
  pass(40);
  EXPECT_GT(segments(), 1015);
  EXPECT_LT(segments(), 1040);  // 0.4 * 4^3 = 26 more
}

// RFC 9438, 4.3: with a small window, as fast as Reno's, by 0.53 segments in a round trip.
TEST_F(CongestionTest, grows_as_reno_does_where_that_is_faster) {
  congestion_.set_window(20 * kSegment);
  lose();
  pass(10);
  EXPECT_NEAR(segments(), 14 + 10 * 0.53, 0.5);
}

// RFC 9438, 4.7.
TEST_F(CongestionTest, leaves_room_to_others_after_two_losses) {
  congestion_.set_window(1000 * kSegment);
  lose();
  lose();
  EXPECT_NEAR(congestion_.window(), 490000U, 1);
  const double k = std::cbrt((700 * 0.85 - 490) / 0.4);
  pass(static_cast<int>(k * 10));
  EXPECT_NEAR(segments(), 700 * 0.85, 5);
}

TEST_F(CongestionTest, begins_anew_after_a_timeout) {
  congestion_.set_window(100 * kSegment);
  congestion_.on_timeout(0, false);
  EXPECT_EQ(congestion_.window(), 1000U);
  congestion_.on_timeout(0, true);
  EXPECT_EQ(congestion_.threshold(), 70000U);
  pass(6);
  EXPECT_EQ(congestion_.window(), 64000U);
}

TEST_F(CongestionTest, counts_no_time_in_which_the_window_was_not_needed) {
  congestion_.set_window(1000 * kSegment);
  lose();
  pass(1);
  const double before = segments();
  now_ += 60s;
  congestion_.on_idle(now_);
  pass(1);
  EXPECT_LT(segments(), before + 20);
}

TEST_F(CongestionTest, takes_a_reduction_back) {
  congestion_.set_window(100000);
  const Congestion before = congestion_;
  lose();
  congestion_.take_back(before);
  EXPECT_EQ(congestion_.window(), 100000U);
}

}  // namespace
}  // namespace wring::stack
