// Long runs over bad networks: whatever happens, nothing comes out twice, altered or at the wrong
// place (the ledger sees to that), and a tunnel with traffic comes back.
#include <gtest/gtest.h>

#include "tests/sim/simulation.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

constexpr PathQuality kBadPath{
    .loss = 20, .duplication = 5, .corruption = 5, .min_delay = 5ms, .max_delay = 400ms};

class LossyNetwork : public testing::TestWithParam<std::uint64_t> {};

TEST_P(LossyNetwork, two_hours_of_traffic_both_ways_arrive_once_and_unaltered) {
  Simulation simulation(GetParam());
  SimulatedPeerHost& a = simulation.add_host();
  SimulatedPeerHost& b = simulation.add_host();
  Simulation::introduce(a, b);
  simulation.network().set_quality(kBadPath);
  simulation.talk(a, b, 3s, simulation.now() + 2h);
  simulation.talk(b, a, 5s, simulation.now() + 2h);
  simulation.run_for(2h);
  EXPECT_GT(simulation.ledger().sent(), 3000U);
  EXPECT_GT(simulation.ledger().delivered(), simulation.ledger().sent() * 65 / 100);
}

TEST_P(LossyNetwork, three_hosts_that_all_talk_to_each_other) {
  Simulation simulation(GetParam());
  std::vector<SimulatedPeerHost*> hosts;
  for (int i = 0; i < 3; ++i)
    hosts.push_back(&simulation.add_host());
  for (std::size_t i = 0; i < 3; ++i)
    Simulation::introduce(*hosts[i], *hosts[(i + 1) % 3]);
  simulation.network().set_quality(kBadPath);
  for (SimulatedPeerHost* from : hosts) {
    for (SimulatedPeerHost* to : hosts) {
      if (from != to) simulation.talk(*from, *to, 4s, simulation.now() + 1h);
    }
  }
  simulation.run_for(1h);
  EXPECT_GT(simulation.ledger().delivered(), simulation.ledger().sent() * 65 / 100);
}

TEST_P(LossyNetwork, a_hub_serves_twenty_spokes) {
  Simulation simulation(GetParam());
  SimulatedPeerHost& hub = simulation.add_host();
  for (int i = 0; i < 20; ++i) {
    SimulatedPeerHost& spoke = simulation.add_host();
    spoke.know(hub);
    hub.know(spoke, false);  // it learns where the spoke is when it is called (P28)
    simulation.talk(spoke, hub, 20s, simulation.now() + 10min);
    simulation.talk(hub, spoke, 20s, simulation.now() + 10min);
  }
  simulation.network().set_quality({.loss = 5, .min_delay = 5ms, .max_delay = 100ms});
  simulation.run_for(10min);
  EXPECT_GT(simulation.ledger().delivered(), simulation.ledger().sent() * 80 / 100);
}

TEST_P(LossyNetwork, a_tunnel_with_traffic_comes_back_within_15_seconds_of_the_end_of_a_cut) {
  Simulation simulation(GetParam());
  SimulatedPeerHost& a = simulation.add_host();
  SimulatedPeerHost& b = simulation.add_host();
  Simulation::introduce(a, b);
  simulation.talk(a, b, 500ms, simulation.now() + 4h);
  simulation.talk(b, a, 700ms, simulation.now() + 4h);
  for (int cuts = 0; cuts < 8; ++cuts) {
    simulation.run_for(std::chrono::seconds(20 + simulation.rng().below(200)));
    simulation.network().cut(true);
    simulation.run_for(std::chrono::seconds(10 + simulation.rng().below(700)));
    simulation.network().cut(false);
    const std::uint64_t before = simulation.ledger().delivered();
    // A retransmission is at most 5.333 s away, and its answer some round trips.
    ASSERT_TRUE(
        simulation.run_until([&] { return simulation.ledger().delivered() >= before + 2; }, 6s));
  }
}

TEST_P(LossyNetwork, replays_bit_for_bit_from_its_seed) {
  const auto fingerprint = [](std::uint64_t seed) {
    Simulation simulation(seed);
    SimulatedPeerHost& hub = simulation.add_host();
    for (int i = 0; i < 3; ++i) {
      SimulatedPeerHost& spoke = simulation.add_host();
      Simulation::introduce(hub, spoke);
      Device::set_preshared_key(*hub.peer_of(spoke), PresharedKey(Bytes<32>{1}));
      Device::set_preshared_key(*spoke.peer_of(hub), PresharedKey(Bytes<32>{1}));
      simulation.talk(spoke, hub, 2s, simulation.now() + 10min);
    }
    simulation.network().set_quality(kBadPath);
    simulation.run_for(10min);
    return simulation.network().fingerprint();
  };
  EXPECT_EQ(fingerprint(GetParam()), fingerprint(GetParam()));
  EXPECT_NE(fingerprint(GetParam()), fingerprint(GetParam() + 1));
}

INSTANTIATE_TEST_SUITE_P(Seeds, LossyNetwork, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace wring::test
