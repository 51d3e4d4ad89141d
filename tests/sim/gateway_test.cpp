// A gateway with a thousand peers that are active at once.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/simulation.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPeers = 1000;

// At most 192 initiations are worked on at once. A caller beyond that is asked for a cookie and
// calls again (P32). Then packets leave in the order in which they came: a peer that gets much
// waits for its own packets, and no peer waits for one that has no key.
TEST(ManyPeers, a_thousand_that_call_at_one_moment_get_through_and_share_with_one_that_gets_much) {
  Simulation simulation(7, 20ms);  // what a handshake may take
  SimulatedPeerHost& hub = simulation.add_host();
  std::vector<SimulatedPeerHost*> spokes;
  for (std::size_t i = 0; i < kPeers; ++i) {
    spokes.push_back(&simulation.add_host());
    spokes.back()->know(hub);
    hub.know(*spokes.back(), false);
  }
  const auto delivered = [&] { return simulation.ledger().delivered(); };

  for (SimulatedPeerHost* spoke : spokes)
    spoke->send_data(hub);
  simulation.run_for(3s);
  EXPECT_GE(delivered(), 192U);
  EXPECT_GT(hub.drops(DropReason::kCookieRequired), 0U);
  ASSERT_TRUE(simulation.run_until([&] { return delivered() == kPeers; }, 5s));
  EXPECT_EQ(hub.drops(DropReason::kHandshakeQueueFull), 0U);
  simulation.run_for(1s);

  const SimulatedPeerHost& greedy = *spokes.front();
  SimulatedPeerHost& unreachable = simulation.add_host();
  hub.know(unreachable);
  simulation.network().clear_log();
  for (const SimulatedPeerHost* spoke : spokes) {
    hub.send_data(greedy, 3);
    hub.send_data(unreachable);
    hub.send_data(*spoke);
  }
  simulation.run_for(100ms);
  EXPECT_EQ(delivered(), kPeers + 3 * kPeers + kPeers);
  std::vector<std::string> order;
  for (const Datagram& datagram : simulation.network().log()) {
    if (key_of(datagram.from) == key_of(hub.address()) &&
        key_of(datagram.to) != key_of(greedy.address()) &&
        classify(datagram.payload) == MessageType::kData) {
      order.push_back(to_string(datagram.to));
    }
  }
  std::vector<std::string> expected;
  for (const SimulatedPeerHost* spoke : spokes) {
    if (spoke != &greedy) expected.push_back(to_string(spoke->address()));
  }
  EXPECT_EQ(order, expected);
}

}  // namespace
}  // namespace wring::test
