// Handshakes that other threads compute: whatever comes in between, the rules hold and the tunnel
// does.
#include <gtest/gtest.h>

#include "tests/sim/simulation.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

class DelayedHandshakes : public testing::TestWithParam<std::uint64_t> {};

TEST_P(DelayedHandshakes, an_hour_over_a_bad_network_arrive_once_and_unaltered) {
  Simulation simulation(GetParam(), 200ms);
  SimulatedPeerHost& a = simulation.add_host();
  SimulatedPeerHost& b = simulation.add_host();
  Simulation::introduce(a, b);
  simulation.network().set_quality(
      {.loss = 20, .duplication = 5, .corruption = 5, .min_delay = 5ms, .max_delay = 400ms});
  simulation.talk(a, b, 3s, simulation.now() + 1h);
  simulation.talk(b, a, 5s, simulation.now() + 1h);
  simulation.run_for(1h);
  EXPECT_GT(simulation.ledger().delivered(), simulation.ledger().sent() * 65 / 100);
}

TEST_P(DelayedHandshakes,
       keys_interfaces_and_peers_that_change_under_way_leave_a_tunnel_that_works) {
  Simulation simulation(GetParam(), 200ms);
  SimulatedPeerHost& a = simulation.add_host();
  SimulatedPeerHost& b = simulation.add_host();
  Simulation::introduce(a, b);
  const TimePoint end = simulation.now() + 20min;
  simulation.talk(a, b, 100ms, end + 1min);
  simulation.talk(b, a, 100ms, end + 1min);
  // b forgets a and learns of it anew, as a now is.
  const auto replace_a_at_b = [&](DevicePeer& old) {
    b.device().remove_peer(old);
    Device::set_preshared_key(b.know(a), a.peer_of(b)->preshared_key.clone());
  };
  while (simulation.now() < end) {
    simulation.run_for(std::chrono::milliseconds(simulation.rng().below(20'000)));
    DevicePeer& a_at_b = *b.peer_of(a);
    const auto random = static_cast<std::uint8_t>(simulation.rng().below(256));
    switch (simulation.rng().below(4)) {
      case 0:
        a.device().bring_down();
        a.device().bring_up(a.now());
        break;
      case 1:
        replace_a_at_b(a_at_b);
        break;
      case 2:
        Device::set_preshared_key(*a.peer_of(b), PresharedKey(Bytes<32>{random}));
        Device::set_preshared_key(a_at_b, PresharedKey(Bytes<32>{random}));
        break;
      default:
        a.device().set_private_key(PrivateKey(Bytes<32>{1, random}), a.now());
        replace_a_at_b(a_at_b);
    }
    for (SimulatedPeerHost* host : {&a, &b}) {
      host->forget_initiations();
      host->control_turn();
    }
  }
  simulation.run_for(20s);
  const std::uint64_t sent = simulation.ledger().sent();
  const std::uint64_t delivered = simulation.ledger().delivered();
  simulation.run_for(10s);
  // All but those that are on their way.
  EXPECT_GE(simulation.ledger().delivered() - delivered + 3, simulation.ledger().sent() - sent);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DelayedHandshakes, testing::Values(1, 2, 3));

}  // namespace
}  // namespace wring::test
