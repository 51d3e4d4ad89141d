#include "dataplane/uplink_shares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

namespace wring {
namespace {

constexpr std::size_t kLimit = 5 << 20;
constexpr std::size_t kPacket = 1452;

TEST(UplinkShares, the_kernel_is_asked_only_once_much_was_sent) {
  UplinkShares shares;
  EXPECT_FALSE(shares.wants_update());
  unsigned asked = 0;
  for (int i = 0; i < 10000; ++i) {
    shares.on_sent(kPacket, 1);
    if (!shares.wants_update()) continue;
    ++asked;
    shares.update(0, kLimit);
    EXPECT_FALSE(shares.wants_update());
    EXPECT_FALSE(shares.is_busy());
  }
  EXPECT_GE(asked, 10u);
  EXPECT_LE(asked, 100u);
}

TEST(UplinkShares, what_is_sent_between_two_questions_does_not_fill_the_socket) {
  UplinkShares shares;
  shares.update(0, kLimit);
  std::size_t sent = 0;
  for (; !shares.wants_update(); sent += kPacket)
    shares.on_sent(kPacket, 1);
  EXPECT_LT(sent, kLimit / 4);
}

TEST(UplinkShares, a_small_buffer_is_not_shared) {
  UplinkShares shares;
  shares.update(200000, 260000);
  EXPECT_FALSE(shares.is_busy());
}

TEST(UplinkShares, it_is_busy_until_the_socket_is_nearly_empty) {
  UplinkShares shares;
  shares.update(kLimit / 8 - 1, kLimit);
  EXPECT_FALSE(shares.is_busy());
  shares.update(kLimit / 8, kLimit);
  EXPECT_TRUE(shares.is_busy());
  shares.update(kLimit / 16, kLimit);
  EXPECT_TRUE(shares.is_busy());
  shares.update(kLimit / 16 - 1, kLimit);
  EXPECT_FALSE(shares.is_busy());
}

TEST(UplinkShares, one_packet_of_each_peer_passes_however_large_and_however_full_the_socket) {
  UplinkShares shares;
  shares.update(kLimit, kLimit);
  for (std::uint64_t peer = 1; peer <= 20; ++peer)
    EXPECT_TRUE(shares.admit(peer, 65000, 44)) << peer;
}

// A socket that drains in the order in which it was filled, and peers that send at their rates.
class Uplink {
 public:
  // Datagrams that a peer sends for each ten that leave.
  std::map<std::uint64_t, unsigned> rates;
  std::map<std::uint64_t, std::size_t> left;
  std::map<std::uint64_t, std::size_t> dropped;

  void run(unsigned steps) {
    for (unsigned step = 0; step < steps; ++step) {
      if (shares_.wants_update()) shares_.update(queue_.size() * kCharge, kLimit);
      for (const auto& [peer, rate] : rates) {
        for (unsigned i = 0; i < rate; ++i)
          send(peer);
      }
      for (unsigned i = 0; i < 10 && !queue_.empty(); ++i) {
        ++left[queue_.front()];
        queue_.pop_front();
      }
      most_ = std::max(most_, queue_.size() * kCharge);
    }
  }
  [[nodiscard]] std::size_t most() const { return most_; }

 private:
  static constexpr std::size_t kCharge = 2304;  // of the kernel's, for a full packet
  void send(std::uint64_t peer) {
    if (!shares_.is_busy()) {
      shares_.on_sent(kPacket, 1);
    } else if (!shares_.admit(peer, kPacket, 1)) {
      ++dropped[peer];
      return;
    }
    queue_.push_back(peer);
  }
  UplinkShares shares_;
  std::deque<std::uint64_t> queue_;
  std::size_t most_ = 0;
};

TEST(UplinkShares, a_peer_alone_keeps_the_uplink_busy_and_a_third_of_the_room_free) {
  Uplink uplink;
  uplink.rates = {{7, 40}};
  uplink.run(20000);
  EXPECT_GE(uplink.left[7], 199000u);
  EXPECT_LT(uplink.most(), kLimit * 2 / 3);
}

TEST(UplinkShares, peers_that_send_too_much_share_equally_and_the_others_lose_nothing) {
  Uplink uplink;
  uplink.rates = {{1, 40}, {2, 20}, {3, 9}, {4, 1}, {5, 1}};
  uplink.run(3000);  // Until it has settled.
  uplink.left.clear();
  uplink.dropped.clear();
  uplink.run(20000);
  for (const std::uint64_t greedy : {1u, 2u, 3u}) {
    EXPECT_GT(uplink.left[greedy], 48000u) << greedy;
    EXPECT_LT(uplink.left[greedy], 60000u) << greedy;
  }
  for (const std::uint64_t modest : {4u, 5u}) {
    EXPECT_EQ(uplink.dropped[modest], 0u) << modest;
    EXPECT_NEAR(static_cast<double>(uplink.left[modest]), 20000.0, 100.0) << modest;
  }
  EXPECT_LT(uplink.most(), kLimit * 5 / 6);  // three quarters, and the estimate's error
}

// The weights would overflow after some hundred emptyings of the socket.
TEST(UplinkShares, it_works_for_as_long_as_one_likes) {
  Uplink uplink;
  uplink.rates = {{1, 40}, {2, 1}};
  uplink.run(100'000);
  EXPECT_EQ(uplink.dropped[2], 0u);
  EXPECT_GT(uplink.left[1], 890'000u);
}

}  // namespace
}  // namespace wring
