// Forged, replayed and broken messages leave everything as it was. P2, P5, P12, P28
#include <gtest/gtest.h>

#include "tests/sim/peer_state.h"
#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

class Hostile : public testing::Test {
 protected:
  // `datagram`, as it was or changed, comes to its receiver from somewhere else.
  void inject(SimulatedPeerHost& at, Datagram datagram) {
    datagram.from = address_of("203.0.113.66:666");
    at.receive(datagram);
  }

  TwoHosts net_;
};

TEST_F(Hostile, a_flipped_bit_anywhere_in_any_message_changes_nothing) {  // P12
  // Every message of a handshake and the first data, each of them held back while its receiver
  // is shown broken copies of it.
  int seen = 0;
  net_.simulation.network().set_filter([&](const Datagram& datagram) {
    SimulatedPeerHost& to = key_of(datagram.to) == key_of(net_.a.address()) ? net_.a : net_.b;
    const SimulatedPeerHost& from = &to == &net_.a ? net_.b : net_.a;
    const PeerState before(*to.peer_of(from));
    for (std::size_t i = 0; i < datagram.payload.size(); ++i) {
      Datagram broken = datagram;
      broken.payload[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
      // The second MAC counts only under load.
      const auto type = classify(datagram.payload);
      const bool handshake = type == MessageType::kInitiation || type == MessageType::kResponse;
      if (handshake && i >= datagram.payload.size() - 16) continue;
      inject(to, broken);
      EXPECT_TRUE(before == PeerState(*to.peer_of(from))) << "byte " << i;
    }
    ++seen;
    return true;
  });
  net_.a.send_data(net_.b);
  net_.simulation.run_for(20s);
  EXPECT_GE(seen, 4);  // initiation, response, data and a keepalive
  EXPECT_EQ(net_.delivered(), 1U);
  EXPECT_EQ(net_.a.count(DeviceEvent::kInitiationSent), 1U);
}

TEST_F(Hostile, a_replay_of_everything_that_was_ever_sent_changes_nothing) {  // P5, P12, P19
  net_.simulation.talk(net_.a, net_.b, 2s, net_.simulation.now() + 5min);
  net_.simulation.talk(net_.b, net_.a, 2s, net_.simulation.now() + 5min);
  net_.simulation.run_for(7min);
  const std::vector<Datagram> recorded = net_.simulation.network().log();
  net_.forget();
  const PeerState a_before(net_.b_at_a());
  const PeerState b_before(net_.a_at_b());
  const std::uint64_t delivered = net_.delivered();
  for (const Datagram& datagram : recorded) {
    inject(net_.a, datagram);
    inject(net_.b, datagram);
  }
  EXPECT_TRUE(a_before == PeerState(net_.b_at_a()));
  EXPECT_TRUE(b_before == PeerState(net_.a_at_b()));
  EXPECT_EQ(net_.delivered(), delivered);
  EXPECT_TRUE(net_.simulation.network().log().empty());  // and nobody answers
  for (const DropReason reason :
       {DropReason::kHandshakeReplayed, DropReason::kResponseUnsolicited, DropReason::kReplayed}) {
    EXPECT_GT(net_.a.drops(reason) + net_.b.drops(reason), 0U) << name(reason);
  }
}

TEST_F(Hostile, a_replayed_initiation_is_refused_after_the_session_has_gone) {  // P5
  net_.a.send_data(net_.b);
  net_.simulation.run_for(1s);
  const Datagram initiation = net_.sent_by(net_.a, MessageType::kInitiation).at(0);
  net_.simulation.run_for(1h);
  net_.forget();
  inject(net_.b, initiation);
  EXPECT_EQ(net_.b.drops(DropReason::kHandshakeReplayed), 1U);
  EXPECT_TRUE(net_.sent_by(net_.b).empty());
  EXPECT_EQ(net_.a_at_b().keypairs.next(), nullptr);
}

TEST_F(Hostile, initiations_less_than_20_ms_apart_are_refused) {  // P5
  net_.simulation.network().cut(true);
  net_.a.send_data(net_.b);
  net_.simulation.run_for(6s);
  const auto initiations = net_.sent_by(net_.a, MessageType::kInitiation);
  ASSERT_EQ(initiations.size(), 2U);
  net_.b.receive(initiations[0]);
  net_.simulation.run_for(19ms);
  net_.b.receive(initiations[1]);
  EXPECT_EQ(net_.b.drops(DropReason::kHandshakeFlood), 1U);
  EXPECT_EQ(net_.b.count(DeviceEvent::kInitiationReceived), 1U);
  net_.simulation.run_for(1ms);
  net_.b.receive(initiations[1]);
  EXPECT_EQ(net_.b.count(DeviceEvent::kInitiationReceived), 2U);
}

TEST_F(Hostile, a_wall_clock_set_back_by_a_year_does_not_shut_the_initiator_out) {  // P5
  net_.make_session();
  net_.a.shift_wall_clock(-365 * 24h);
  for (int i = 0; i < 5; ++i) {
    net_.simulation.run_for(10min);
    net_.a.send_data(net_.b);
    net_.simulation.run_for(1s);
    EXPECT_EQ(net_.delivered(), 2U + static_cast<unsigned>(i));
  }
  EXPECT_EQ(net_.b.drops(DropReason::kHandshakeReplayed), 0U);
}

TEST_F(Hostile, garbage_of_any_length_and_type_is_dropped_without_an_answer) {  // P2
  net_.make_session();
  const PeerState before(net_.a_at_b());
  SeededRng rng(5);
  std::uint64_t sent = 0;
  for (std::size_t size = 0; size < 200; ++size) {
    for (std::uint8_t type = 0; type < 6; ++type) {
      Datagram datagram;
      datagram.payload.resize(size);
      rng.fill(datagram.payload);
      if (size > 0) datagram.payload[0] = type;
      for (std::size_t i = 1; i < std::min<std::size_t>(size, 4); ++i)
        datagram.payload[i] = 0;
      inject(net_.b, datagram);
      ++sent;
    }
  }
  EXPECT_TRUE(before == PeerState(net_.a_at_b()));
  EXPECT_TRUE(net_.sent_by(net_.b).empty());
  std::uint64_t dropped = 0;
  for (std::size_t i = 0; i < kDropReasonCount; ++i)
    dropped += net_.b.drops(static_cast<DropReason>(i));
  EXPECT_EQ(dropped, sent);  // each counted, by one reason
  EXPECT_EQ(net_.b.drops(DropReason::kMac1Invalid), 2U * 1);
}

TEST_F(Hostile, a_stranger_who_knows_our_public_key_gets_no_answer) {
  SimulatedPeerHost& stranger = net_.simulation.add_host();
  stranger.know(net_.b);
  net_.make_session();
  const PeerState before(net_.a_at_b());
  stranger.send_data(net_.b);
  net_.simulation.run_for(20s);
  EXPECT_GE(net_.b.drops(DropReason::kUnknownPeer), 3U);
  EXPECT_TRUE(net_.sent_by(net_.b).empty());
  EXPECT_TRUE(before == PeerState(net_.a_at_b()));
}

}  // namespace
}  // namespace wring::test
