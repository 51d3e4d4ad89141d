// Where peers are found. P23, P28, P29
#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

TEST(Roaming, the_endpoint_follows_authentic_data) {  // P28
  TwoHosts net;
  net.make_session();
  net.a.move_to(address_of("198.51.100.7:1234"));
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(to_string(net.a_at_b().endpoint.load()), "198.51.100.7:1234");
  net.b.send_data(net.a);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.delivered(), 3U);
}

TEST(Roaming, an_ipv6_endpoint_works_after_an_ipv4_one) {  // P28
  TwoHosts net;
  net.make_session();
  net.a.move_to(address_of("[2001:db8::7]:1234"));
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  net.b.send_data(net.a);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.delivered(), 3U);
}

TEST(Roaming, the_endpoint_follows_a_handshake) {  // P28
  TwoHosts net;
  net.make_session();
  net.simulation.run_for(20min);
  net.b.move_to(address_of("198.51.100.8:4321"));
  net.b.send_data(net.a);
  net.simulation.run_for(1s);
  EXPECT_EQ(to_string(net.b_at_a().endpoint.load()), "198.51.100.8:4321");
  EXPECT_EQ(net.delivered(), 2U);
}

TEST(Roaming, a_host_that_moves_every_few_seconds_stays_connected) {  // P28
  TwoHosts net;
  net.simulation.talk(net.a, net.b, 500ms, net.simulation.now() + 1h);
  net.simulation.talk(net.b, net.a, 500ms, net.simulation.now() + 1h);
  for (int i = 0; i < 300; ++i) {
    net.simulation.run_for(12s);
    net.a.move_to(address_of("198.51.100." + std::to_string(i % 200 + 1) + ":51820"));
  }
  EXPECT_GT(net.delivered(), net.simulation.ledger().sent() * 90 / 100);
}

TEST(Roaming, answers_leave_from_the_address_that_was_asked) {  // P29
  TwoHosts net;
  net.make_session();
  const Endpoint endpoint = net.a_at_b().endpoint.load();
  EXPECT_EQ(endpoint.source_ifindex, 1U);
  EXPECT_EQ(endpoint.source.v4.s_addr, net.b.address().remote.v4.sin_addr.s_addr);
}

TEST(Roaming, a_source_address_that_has_gone_is_forgotten_on_the_first_send) {  // P29
  TwoHosts net;
  net.make_session();
  net.b.move_to(address_of("198.51.100.9:51820"));
  net.b.send_data(net.a);  // by a worker
  net.simulation.run_for(1s);
  EXPECT_EQ(net.delivered(), 2U);
  EXPECT_EQ(net.b.drops(DropReason::kSendError), 0U);
  net.b.move_to(address_of("198.51.100.10:51820"));
  net.a.device().forget_sources();
  EXPECT_EQ(net.b_at_a().endpoint.load().source_ifindex, 0U);
  net.b.device().set_persistent_keepalive(net.a_at_b(), 25, net.b.now());  // by the control thread
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.drops(DropReason::kSendError), 0U);
  EXPECT_EQ(to_string(net.b_at_a().endpoint.load()), "198.51.100.10:51820");
}

// So the peer is told when there is a way again.
TEST(Roaming, a_source_is_not_to_blame_where_there_is_no_way_at_all) {  // P29
  TwoHosts net;
  net.make_session();
  const Endpoint before = net.a_at_b().endpoint.load();
  ASSERT_TRUE(before.pins_source());
  net.b.set_routes(false);
  net.b.device().set_persistent_keepalive(net.a_at_b(), 25, net.b.now());
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.drops(DropReason::kSendError), 1U);
  EXPECT_EQ(net.a_at_b().endpoint.load(), before);
}

TEST(Roaming, a_handshake_that_is_repeated_forgets_the_source) {  // P29
  TwoHosts net;
  net.make_session();
  EXPECT_NE(net.b_at_a().endpoint.load().source_ifindex, 0U);
  net.simulation.run_for(10min);
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  EXPECT_NE(net.b_at_a().endpoint.load().source_ifindex, 0U);
  net.simulation.run_for(6s);
  EXPECT_EQ(net.b_at_a().endpoint.load().source_ifindex, 0U);
}

// Every source is refused, or none.
class FakeRoutes final : public RouteOracle {
 public:
  std::optional<bool> leaves_as_heard(const Endpoint& endpoint) override {
    if (on_question) on_question();
    return endpoint.source_ifindex == leads_by;
  }
  std::optional<Way> way_without_source(const Endpoint&) override { return Way{leads_by, {}}; }
  bool take_notices() override { return false; }

  std::uint32_t leads_by = 1;
  std::function<void()> on_question;
};

TEST(Roaming, an_initiation_on_a_way_that_the_route_contradicts_does_not_pin_its_source) {  // P29
  TwoHosts net;
  FakeRoutes routes;
  net.b.device().follow_routes(routes);
  routes.leads_by = 2;
  std::size_t questions = 0;
  routes.on_question = [&] {
    // Asked before the answer leaves.
    EXPECT_TRUE(++questions > 1 || net.sent_by(net.b).empty());
  };
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.delivered(), 1U);
  EXPECT_EQ(questions, 1U);
  EXPECT_FALSE(net.a_at_b().endpoint.load().pins_source());
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(questions, 1U);  // it brings no news
  EXPECT_FALSE(net.a_at_b().endpoint.load().pins_source());
}

TEST(Roaming, data_on_another_way_has_its_source_checked) {  // P29
  TwoHosts net;
  FakeRoutes routes;
  net.b.device().follow_routes(routes);
  net.make_session();
  EXPECT_TRUE(net.a_at_b().endpoint.load().pins_source());
  routes.leads_by = 2;
  net.a.move_to(address_of("198.51.100.7:1234"));
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(to_string(net.a_at_b().endpoint.load()), "198.51.100.7:1234");
  EXPECT_FALSE(net.a_at_b().endpoint.load().pins_source());
}

TEST(Roaming, a_route_that_moves_sends_a_keepalive_from_where_it_leads) {  // P29
  TwoHosts net;
  FakeRoutes routes;
  net.b.device().follow_routes(routes);
  net.make_session();
  const Endpoint home = net.b.address();
  ASSERT_TRUE(net.b.device().listens_to_routes());
  net.b.device().on_routes_changed();
  net.simulation.run_for(1s);
  EXPECT_TRUE(net.sent_by(net.b).empty());  // nothing has changed for it
  routes.leads_by = 2;
  net.b.move_to(address_of("198.51.100.9:51820"));
  net.b.device().on_routes_changed();
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.count(DeviceEvent::kSourceRefused), 1U);
  EXPECT_EQ(net.sent_by(net.b).size(), 1U);
  EXPECT_EQ(to_string(net.b_at_a().endpoint.load()), "198.51.100.9:51820");
  EXPECT_TRUE(net.b.device().listens_to_routes());

  // And back, before anything was heard there.
  routes.leads_by = 1;
  net.b.move_to(home);
  net.b.device().on_routes_changed();
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.count(DeviceEvent::kSourceTakenBack), 1U);
  EXPECT_EQ(net.sent_by(net.b).size(), 1U);
  EXPECT_EQ(to_string(net.b_at_a().endpoint.load()), to_string(home));
}

TEST(Roaming, a_route_that_moves_sends_nothing_where_there_is_no_session) {  // P29
  TwoHosts net;
  FakeRoutes routes;
  net.b.device().follow_routes(routes);
  net.make_session();
  net.simulation.run_for(4min);
  net.forget();
  routes.leads_by = 2;
  net.b.device().on_routes_changed();
  net.simulation.run_for(1s);
  EXPECT_EQ(net.b.count(DeviceEvent::kSourceRefused), 1U);
  EXPECT_TRUE(net.sent_by(net.b).empty());
}

TEST(Roaming, a_peer_whose_endpoint_is_unknown_cannot_be_called) {  // P23
  Simulation simulation(1);
  SimulatedPeerHost& a = simulation.add_host();
  SimulatedPeerHost& b = simulation.add_host();
  a.know(b, false);
  b.know(a);
  a.send_data(b);
  EXPECT_EQ(a.icmp_replies(), 1U);
  EXPECT_EQ(a.drops(DropReason::kNoEndpoint), 1U);
  simulation.run_for(1min);
  EXPECT_TRUE(simulation.network().log().empty());
  b.send_data(a);
  simulation.run_for(1s);
  a.send_data(b);
  simulation.run_for(1s);
  EXPECT_EQ(simulation.ledger().delivered(), 2U);
}

class BehindNat : public testing::TestWithParam<int> {};

// A NAT that forgets after 30 s of silence.
TEST_P(BehindNat, a_host_is_reachable_for_as_long_as_its_keepalives_hold_the_mapping) {  // P27
  const bool keepalive = GetParam() != 0;
  Simulation simulation(1);
  SimulatedPeerHost& inside = simulation.add_host();
  SimulatedPeerHost& server = simulation.add_host();
  simulation.network().add_nat({.inside = inside.address(),
                                .outside = address_of("203.0.113.1:40000"),
                                .forgets_after = 30s});
  inside.know(server);
  server.know(inside, false);
  if (keepalive) {
    inside.device().set_persistent_keepalive(*inside.peer_of(server), 25, inside.now());
  }
  inside.send_data(server);
  simulation.run_for(5min);
  EXPECT_EQ(to_string(server.peer_of(inside)->endpoint.load()).substr(0, 13), "203.0.113.1:4");
  const std::uint64_t before = simulation.ledger().delivered();
  server.send_data(inside);
  simulation.run_for(10s);
  EXPECT_EQ(simulation.ledger().delivered() - before, keepalive ? 1U : 0U);
  // Whatever the mapping is by now, the one inside gets through, and then the other does.
  inside.send_data(server);
  simulation.run_for(1s);
  server.send_data(inside);
  simulation.run_for(1s);
  EXPECT_EQ(simulation.ledger().delivered() - before, 3U);
}
INSTANTIATE_TEST_SUITE_P(WithoutAndWithKeepalive, BehindNat, testing::Values(0, 1));

}  // namespace
}  // namespace wring::test
