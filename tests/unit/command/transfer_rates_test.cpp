#include "command/transfer_rates.h"

#include <gtest/gtest.h>

namespace wring::command {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1000s};

PublicKey key(std::uint8_t fill) {
  PublicKey made;
  made.bytes.fill(fill);
  return made;
}

client::InterfaceState state(const std::string& name, std::uint64_t received, std::uint64_t sent) {
  client::InterfaceState made;
  made.name = name;
  PeerDescription& peer = made.peers.emplace_back();
  peer.public_key = key(1);
  peer.rx_bytes = received;
  peer.tx_bytes = sent;
  return made;
}

TEST(TransferRatesTest, a_rate_takes_two_looks) {
  TransferRates rates;
  EXPECT_FALSE(rates.of(key(1)));
  rates.note(state("wg0", 1000, 5), kStart);
  EXPECT_FALSE(rates.of(key(1)));
  rates.note(state("wg0", 4000, 6), kStart + 2s);
  ASSERT_TRUE(rates.of(key(1)));
  EXPECT_DOUBLE_EQ(rates.of(key(1))->received, 1500);
  EXPECT_DOUBLE_EQ(rates.of(key(1))->sent, 0.5);
  EXPECT_FALSE(rates.of(key(2)));
}

TEST(TransferRatesTest, interfaces_are_kept_apart) {
  TransferRates rates;
  rates.note(state("wg0", 0, 0), kStart);
  rates.note(state("wg1", 0, 0), kStart);
  rates.note(state("wg0", 10, 0), kStart + 1s);
  EXPECT_DOUBLE_EQ(rates.of(key(1))->received, 10);
  rates.note(state("wg1", 70, 0), kStart + 1s);
  EXPECT_DOUBLE_EQ(rates.of(key(1))->received, 70);
}

TEST(TransferRatesTest, a_peer_that_came_anew_has_no_rate) {
  TransferRates rates;
  rates.note(state("wg0", 1000, 1000), kStart);
  rates.note(state("wg0", 10, 2000), kStart + 1s);
  EXPECT_FALSE(rates.of(key(1)));
  client::InterfaceState empty;
  empty.name = "wg0";
  rates.note(empty, kStart + 2s);
  rates.note(state("wg0", 20, 3000), kStart + 3s);
  EXPECT_FALSE(rates.of(key(1)));
}

TEST(TransferRatesTest, two_looks_at_one_moment_give_no_rate) {
  TransferRates rates;
  rates.note(state("wg0", 0, 0), kStart);
  rates.note(state("wg0", 10, 0), kStart);
  EXPECT_FALSE(rates.of(key(1)));
}

}  // namespace
}  // namespace wring::command
