// Handshakes that cross: both ends begin within one way's delay, so that each one's initiation is
// under way when the other's arrives. (docs/decisions/0024-crossing-handshakes.md)
#include <gtest/gtest.h>

#include <tuple>

#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

const SessionIndex kNone{};

// The session that a host sends on, by the index that its peer gave it.
SessionIndex sends_to(const DevicePeer& peer) {
  const Session* session = peer.sending.load();
  return session == nullptr ? kNone : session->keys().remote_index;
}
SessionIndex receives_at(const DevicePeer& peer) {
  const Session* session = peer.sending.load();
  return session == nullptr ? kNone : session->keys().local_index;
}

struct CrossingHosts : TwoHosts {
  explicit CrossingHosts(std::uint64_t seed, PathQuality quality) : TwoHosts(seed) {
    simulation.network().set_quality(quality);
  }
  // Both ends send on one and the same session.
  [[nodiscard]] bool agree() {
    return sends_to(b_at_a()) == receives_at(a_at_b()) &&
           sends_to(a_at_b()) == receives_at(b_at_a());
  }
  // Packets that came with an index that was not there any more.
  [[nodiscard]] std::uint64_t unknown() const {
    return a.drops(DropReason::kUnknownIndex) + b.drops(DropReason::kUnknownIndex);
  }
  void both_talk(Duration interval, Duration duration) {
    const TimePoint end = simulation.now() + duration;
    simulation.talk(a, b, interval, end);
    simulation.talk(b, a, interval, end);
  }
};

PathQuality path(Duration one_way) {
  PathQuality quality;
  quality.min_delay = quality.max_delay = one_way;
  return quality;
}

class Crossing : public testing::TestWithParam<std::tuple<int, std::uint64_t>> {
 protected:
  [[nodiscard]] static Duration one_way() {
    return std::chrono::milliseconds(std::get<0>(GetParam()));
  }
  [[nodiscard]] static std::uint64_t seed() { return std::get<1>(GetParam()); }
};

TEST_P(Crossing, loses_nothing_then_or_at_any_renewal_and_one_session_wins) {  // P10, P11
  CrossingHosts net(seed(), path(one_way()));
  net.a.send_data(net.b);
  net.b.send_data(net.a);
  net.both_talk(250ms, 400s);
  net.simulation.run_for(5 * one_way() + 1s);
  EXPECT_TRUE(net.agree());
  net.simulation.run_for(60s);
  net.forget();
  net.simulation.run_for(345s);
  EXPECT_TRUE(net.agree());
  EXPECT_EQ(net.unknown(), 0U);
  EXPECT_EQ(net.delivered(), net.simulation.ledger().sent());
  // Three renewals, none of which crosses another.
  EXPECT_EQ(net.sent_by(net.a, MessageType::kInitiation).size() +
                net.sent_by(net.b, MessageType::kInitiation).size(),
            3U);
}

INSTANTIATE_TEST_SUITE_P(Latencies, Crossing,
                         testing::Combine(testing::Values(0, 1, 20, 100, 300, 600, 1000),
                                          testing::Range<std::uint64_t>(1, 9)));

// The kernel and wireguard-go have one state for both handshakes: the initiation that they consume
// voids their own, and they refuse the response to it.
TEST(Crossing, with_an_end_that_gives_up_its_own_handshake_loses_nothing) {
  for (const bool a_gives_up : {true, false}) {
    CrossingHosts net(7, path(300ms));
    const SimulatedPeerHost& gives_up = a_gives_up ? net.a : net.b;
    int refused = 0;
    net.simulation.network().set_filter([&](const Datagram& datagram) {
      const bool is_void = classify(datagram.payload) == MessageType::kResponse &&
                           key_of(datagram.to) == key_of(gives_up.address()) && refused == 0;
      refused += is_void ? 1 : 0;
      return !is_void;
    });
    net.a.send_data(net.b);
    net.b.send_data(net.a);
    net.both_talk(250ms, 400s);
    net.simulation.run_for(3s);
    EXPECT_EQ(refused, 1);
    EXPECT_TRUE(net.agree());
    net.simulation.run_for(402s);
    EXPECT_TRUE(net.agree());
    EXPECT_EQ(net.unknown(), 0U);
    EXPECT_EQ(net.delivered(), net.simulation.ledger().sent());
  }
}

// boringtun stays on its own session whatever it hears.
TEST(Crossing, an_end_that_does_not_give_way_is_followed_after_15_seconds) {
  CrossingHosts net(3, path(300ms));
  SimulatedPeerHost& winner = net.a.public_key() > net.b.public_key() ? net.a : net.b;
  SimulatedPeerHost& other = &winner == &net.a ? net.b : net.a;
  // It cannot give way: it never hears what is sent on the session that should win.
  net.simulation.network().set_filter([&](const Datagram& datagram) {
    if (classify(datagram.payload) != MessageType::kData) return true;
    if (key_of(datagram.from) != key_of(winner.address())) return true;
    return !winner.peer_of(other)->sending.load()->keys().is_initiator;
  });
  net.a.send_data(net.b);
  net.b.send_data(net.a);
  net.both_talk(250ms, 300s);
  net.simulation.run_for(15s);
  EXPECT_FALSE(net.agree());
  net.simulation.run_for(3s);
  EXPECT_TRUE(net.agree());
  EXPECT_FALSE(winner.peer_of(other)->sending.load()->keys().is_initiator);
  net.simulation.network().set_filter(nullptr);
  net.simulation.run_for(285s);
  EXPECT_TRUE(net.agree());
  EXPECT_EQ(net.unknown(), 0U);
}

struct Road {
  const char* name;
  unsigned loss;
  Duration min_delay;
  Duration max_delay;
  Duration between_packets;
};

void PrintTo(const Road& road, std::ostream* out) {
  *out << road.name;
}

class CrossingOnBadRoads : public testing::TestWithParam<Road> {};

// Outages end with both ends calling: again and again two handshakes cross, and any of their
// messages may be lost or late.
TEST_P(CrossingOnBadRoads,
       never_leaves_an_end_that_receives_on_other_keys_than_the_other_sends_on) {
  const Road& road = GetParam();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    PathQuality quality;
    quality.loss = road.loss;
    quality.min_delay = road.min_delay;
    quality.max_delay = road.max_delay;
    CrossingHosts net(seed, quality);
    const TimePoint end = net.simulation.now() + 900s;
    net.both_talk(road.between_packets, 900s);
    while (net.simulation.now() < end) {
      net.simulation.run_for(200s);
      net.simulation.network().cut(true);
      net.simulation.run_for(std::chrono::milliseconds(20'000 + 311 * seed));
      net.simulation.network().cut(false);
    }
    EXPECT_EQ(net.unknown(), 0U);
    net.simulation.network().set_quality(path(road.min_delay));
    net.both_talk(road.between_packets, 60s);
    net.simulation.run_for(70s);
    EXPECT_TRUE(net.agree());
    EXPECT_EQ(net.unknown(), 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(Roads, CrossingOnBadRoads,
                         testing::Values(Road{"calm", 0, 300ms, 300ms, 250ms},
                                         Road{"lossy", 5, 300ms, 300ms, 250ms},
                                         Road{"very lossy", 30, 600ms, 600ms, 250ms},
                                         Road{"jittery", 0, 20ms, 800ms, 100ms},
                                         Road{"bad", 20, 50ms, 1000ms, 100ms},
                                         Road{"quiet and lossy", 30, 1000ms, 1000ms, 4s},
                                         Road{"quiet and bad", 30, 100ms, 1000ms, 4s}));

TEST(Crossing, loses_nothing_when_it_happens_at_a_renewal) {  // P10, P11
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    CrossingHosts net(seed, path(300ms));
    net.a.send_data(net.b);
    net.both_talk(100ms, 300s);
    net.simulation.run_for(60s);
    // P8: past 2^60 messages either end begins anew with its next packet.
    net.b_at_a().sending.load()->set_send_counter_for_test((1ULL << 60U) + 1);
    net.simulation.run_for(std::chrono::milliseconds(50 * (seed % 6)));
    net.a_at_b().sending.load()->set_send_counter_for_test((1ULL << 60U) + 1);
    net.simulation.run_for(3s);
    EXPECT_TRUE(net.agree());
    net.simulation.run_for(260s);
    EXPECT_EQ(net.unknown(), 0U);
    EXPECT_EQ(net.delivered(), net.simulation.ledger().sent());
  }
}

}  // namespace
}  // namespace wring::test
