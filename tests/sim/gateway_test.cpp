// A gateway with a thousand peers that are active at once.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/simulation.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPeers = 1000;

struct Gateway {
  Gateway() {
    for (std::size_t i = 0; i < kPeers; ++i) {
      SimulatedPeerHost& spoke = simulation.add_host();
      spoke.know(hub);
      hub.know(spoke, false);
      spokes.push_back(&spoke);
    }
  }
  [[nodiscard]] std::uint64_t delivered() const { return simulation.ledger().delivered(); }

  // Jobs come back after 1 to 20 ms.
  Simulation simulation{7, 20ms};
  SimulatedPeerHost& hub = simulation.add_host();
  std::vector<SimulatedPeerHost*> spokes;
};

// More than the 256 that may be worked on, so that the rest is asked for a cookie and calls again.
TEST(ManyPeers, a_thousand_that_call_at_one_moment_are_all_through_at_their_second_try) {  // P32
  Gateway net;
  for (SimulatedPeerHost* spoke : net.spokes)
    spoke->send_data(net.hub);
  net.simulation.run_for(3s);
  EXPECT_GE(net.delivered(), 256U);
  EXPECT_GT(net.hub.drops(DropReason::kCookieRequired), 0U);
  EXPECT_TRUE(net.simulation.run_until([&] { return net.delivered() == kPeers; }, 5s));
  EXPECT_EQ(net.hub.drops(DropReason::kHandshakeQueueFull), 0U);
}

// Packets of many peers leave in the order in which they came: whoever sends much waits behind his
// own, and nobody waits for a peer that has no key.
TEST(ManyPeers, each_of_a_thousand_gets_its_packets_while_one_gets_many_and_one_cannot_be_reached) {
  Gateway net;
  for (SimulatedPeerHost* spoke : net.spokes)
    spoke->send_data(net.hub);
  net.simulation.run_for(10s);
  ASSERT_EQ(net.delivered(), kPeers);
  const SimulatedPeerHost& greedy = *net.spokes.front();
  SimulatedPeerHost& unreachable = net.simulation.add_host();
  net.hub.know(unreachable, true);
  net.simulation.network().clear_log();
  for (SimulatedPeerHost* spoke : net.spokes) {
    net.hub.send_data(greedy, 3);
    net.hub.send_data(unreachable);
    net.hub.send_data(*spoke);
  }
  net.simulation.run_for(100ms);
  EXPECT_EQ(net.delivered(), kPeers + 3 * kPeers + kPeers);
  // Each spoke's own packet left when it came, before what was sent to others after it.
  std::vector<std::string> order;
  for (const Datagram& datagram : net.simulation.network().log()) {
    if (key_of(datagram.from) == key_of(net.hub.address()) &&
        key_of(datagram.to) != key_of(greedy.address()) &&
        classify(datagram.payload) == MessageType::kData) {
      order.push_back(to_string(datagram.to));
    }
  }
  std::vector<std::string> expected;
  for (const SimulatedPeerHost* spoke : net.spokes) {
    if (spoke != &greedy) expected.push_back(to_string(spoke->address()));
  }
  EXPECT_EQ(order, expected);
}

}  // namespace
}  // namespace wring::test
