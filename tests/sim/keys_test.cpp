// How long keys live, and what a change of keys does. P8, P10, P13 to P17, P38
#include <gtest/gtest.h>

#include <set>

#include "steering/steering.h"
#include "tests/sim/rig.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

TEST(Keys, are_not_sent_on_past_180_seconds_even_if_no_new_one_can_be_had) {  // P8
  TwoHosts net;
  net.make_session();
  net.simulation.network().set_filter(
      [](const Datagram& datagram) { return classify(datagram.payload) == MessageType::kData; });
  net.simulation.talk(net.a, net.b, 1s, net.simulation.now() + 10min);
  net.simulation.talk(net.b, net.a, 1s, net.simulation.now() + 10min);
  net.simulation.run_for(151s);
  net.forget();
  net.simulation.run_for(5min);
  EXPECT_TRUE(net.sent_by(net.a, MessageType::kData).empty());
  EXPECT_TRUE(net.sent_by(net.b, MessageType::kData).empty());
}

TEST(Keys, are_wiped_540_seconds_after_the_last_session_was_made) {  // P14
  TwoHosts net;
  net.make_session();  // 30 s
  net.simulation.run_for(509s);
  EXPECT_NE(net.b_at_a().keypairs.current(), nullptr);
  EXPECT_NE(net.a_at_b().keypairs.current(), nullptr);
  net.simulation.run_for(2s);
  for (const DevicePeer* peer : {&net.b_at_a(), &net.a_at_b()}) {
    EXPECT_EQ(peer->keypairs.previous(), nullptr);
    EXPECT_EQ(peer->keypairs.current(), nullptr);
    EXPECT_EQ(peer->keypairs.next(), nullptr);
    EXPECT_EQ(peer->sending.load(), nullptr);
  }
  EXPECT_EQ(net.a.shared().sessions.size(), 0U);
  EXPECT_TRUE(net.a.shared().reclaimer.empty());  // not only unlinked but gone
  EXPECT_EQ(net.a.count(DeviceEvent::kKeysZeroed), 1U);
}

TEST(Keys, of_a_half_done_handshake_are_wiped_as_well) {  // P14
  TwoHosts net;
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  EXPECT_TRUE(net.b_at_a().sent_initiation.has_value());
  net.simulation.run_for(540s);
  EXPECT_FALSE(net.b_at_a().sent_initiation.has_value());
}

TEST(Keys, a_responder_does_not_send_before_the_initiator_has_confirmed) {  // P10
  TwoHosts net;
  net.simulation.network().set_filter(
      [&](const Datagram& datagram) { return classify(datagram.payload) != MessageType::kData; });
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_NE(net.a_at_b().keypairs.next(), nullptr);
  EXPECT_EQ(net.a_at_b().keypairs.current(), nullptr);
  EXPECT_FALSE(net.a_at_b().last_handshake.has_value());
  EXPECT_TRUE(net.b_at_a().last_handshake.has_value());
  net.b.send_data(net.a);
  net.simulation.run_for(1s);
  EXPECT_TRUE(net.sent_by(net.b, MessageType::kData).empty());
  net.simulation.network().set_filter(nullptr);
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.a_at_b().keypairs.next(), nullptr);
  EXPECT_NE(net.a_at_b().keypairs.current(), nullptr);
  EXPECT_TRUE(net.a_at_b().last_handshake.has_value());
  EXPECT_EQ(net.delivered(), 2U);  // what b had staged came too
}

TEST(Keys, indices_of_live_sessions_are_all_different) {  // P13
  Simulation simulation(1);
  SimulatedPeerHost& hub = simulation.add_host();
  for (int i = 0; i < 20; ++i) {
    SimulatedPeerHost& spoke = simulation.add_host();
    Simulation::introduce(hub, spoke);
    simulation.talk(spoke, hub, 10s, simulation.now() + 5min);
  }
  simulation.run_for(5min);
  std::set<std::uint32_t> indices;
  std::size_t sessions = 0;
  for (const auto& [serial, peer] : hub.device().peers()) {
    for (const Session* each :
         {peer->keypairs.previous(), peer->keypairs.current(), peer->keypairs.next()}) {
      if (each == nullptr) continue;
      ++sessions;
      indices.insert(each->keys().local_index.value);
    }
  }
  EXPECT_GE(sessions, 40U);
  EXPECT_EQ(indices.size(), sessions);
  EXPECT_EQ(hub.shared().sessions.size(), sessions);
}

TEST(Keys, a_changed_psk_counts_from_the_next_handshake_on) {  // P15
  TwoHosts net;
  net.make_session();
  Device::set_preshared_key(net.b_at_a(), PresharedKey(Bytes<32>{7}));
  net.a.send_data(net.b);
  net.simulation.run_for(100s);
  EXPECT_EQ(net.delivered(), 2U);  // the session goes on
  net.simulation.talk(net.a, net.b, 1s, net.simulation.now() + 5min);
  net.simulation.run_for(100s);
  const std::uint64_t before = net.delivered();
  net.simulation.run_for(100s);
  EXPECT_EQ(net.delivered(), before);  // the secrets differ
  EXPECT_GT(net.a.drops(DropReason::kResponseForged), 0U);
  Device::set_preshared_key(net.a_at_b(), PresharedKey(Bytes<32>{7}));
  net.simulation.run_for(6s);
  EXPECT_GT(net.delivered(), before);
}

TEST(Keys, a_new_private_key_ends_sending_on_the_old_sessions) {  // P16
  TwoHosts net;
  net.make_session();
  net.a.device().set_private_key(PrivateKey(Bytes<32>{9}), net.a.now());
  const PublicKey new_key = net.a.public_key();
  net.a.send_data(net.b);
  net.simulation.run_for(20s);
  EXPECT_TRUE(net.sent_by(net.a, MessageType::kData).empty());
  EXPECT_GT(net.b.drops(DropReason::kUnknownPeer), 0U);
  DevicePeer& known_anew = net.b.device().add_peer(new_key);
  net.b.shared().allowed_ips.insert(IpPrefix::parse("10.0.0.1/32").value(), &known_anew);
  net.simulation.run_for(6s);
  EXPECT_EQ(net.delivered(), 2U);
}

TEST(Keys, packets_that_wait_for_a_handshake_survive_a_new_private_key) {  // P16
  TwoHosts net;
  net.simulation.network().cut(true);
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  net.a.device().set_private_key(PrivateKey(Bytes<32>{9}), net.a.now());
  DevicePeer& known_anew = net.b.device().add_peer(net.a.public_key());
  net.b.shared().allowed_ips.insert(IpPrefix::parse("10.0.0.1/32").value(), &known_anew);
  net.simulation.network().cut(false);
  net.simulation.run_for(6s);
  EXPECT_EQ(net.delivered(), 1U);
}

TEST(Keys, a_peer_that_bears_our_new_public_key_is_removed) {  // P16, P38
  TwoHosts net;
  net.make_session();
  PrivateKey key(Bytes<32>{11});
  DevicePeer& other = net.a.device().add_peer(derive_public_key(key));
  net.a.shared().allowed_ips.insert(IpPrefix::parse("10.0.0.99/32").value(), &other);
  net.a.device().set_private_key(std::move(key), net.a.now());
  EXPECT_EQ(net.a.device().find_peer(net.a.public_key()), nullptr);
  EXPECT_EQ(net.a.device().peers().size(), 1U);
  EXPECT_EQ(net.a.shared().allowed_ips.lookup(IpAddress::parse("10.0.0.99").value()), nullptr);
  net.a.control_turn();
}

TEST(Keys, a_peer_with_a_key_of_low_order_gets_nothing_and_harms_nobody) {  // P17
  TwoHosts net;
  DevicePeer& weak = net.a.device().add_peer(PublicKey{});  // the point at zero
  Device::set_endpoint(weak, net.b.address());
  net.a.shared().allowed_ips.insert(IpPrefix::parse("10.0.0.50/32").value(), &weak);
  net.a.device().set_persistent_keepalive(weak, 1, net.a.now());
  net.simulation.run_for(1min);
  EXPECT_TRUE(net.sent_by(net.a).empty());
  net.a.send_data(net.b);
  net.simulation.run_for(1s);
  EXPECT_EQ(net.delivered(), 1U);
}

TEST(Keys, without_a_private_key_nothing_is_sent_or_answered) {  // P38
  TwoHosts net;
  net.make_session();
  net.a.device().set_private_key(PrivateKey(), net.a.now());
  net.b.send_data(net.a);
  net.a.send_data(net.b);
  net.simulation.run_for(20min);
  EXPECT_TRUE(net.sent_by(net.a).empty());
  EXPECT_EQ(net.a.next_deadline(), kNever);
}

TEST(Keys, a_first_private_key_sends_at_once_what_waited_for_it) {  // P27
  TwoHosts net;
  PrivateKey key = net.a.device().identity()->private_key().clone();
  net.a.device().set_private_key(PrivateKey(), net.a.now());
  Device::set_endpoint(net.b_at_a(), net.b.address());
  net.a.send_data(net.b, 3);
  net.simulation.run_for(1min);
  EXPECT_TRUE(net.sent_by(net.a).empty());
  net.a.device().set_private_key(std::move(key), net.a.now());
  net.simulation.run_for(100ms);
  EXPECT_EQ(net.delivered(), 3U);
}

TEST(Keys, a_first_private_key_begins_a_persistent_keepalive_at_once) {  // P27
  TwoHosts net;
  PrivateKey key = net.a.device().identity()->private_key().clone();
  net.a.device().set_private_key(PrivateKey(), net.a.now());
  net.a.device().set_persistent_keepalive(net.b_at_a(), 25, net.a.now());
  net.simulation.run_for(10s);
  EXPECT_TRUE(net.sent_by(net.a).empty());
  net.a.device().set_private_key(std::move(key), net.a.now());
  net.simulation.run_for(100ms);
  const auto sent = net.sent_by(net.a);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(classify(sent[0].payload), MessageType::kInitiation);
  EXPECT_TRUE(is_keepalive(sent[1]));
}

TEST(Keys, of_every_handshake_message_the_ephemeral_one_is_told_to_who_asked_for_it) {
  TwoHosts net;
  std::vector<PublicKey> told;
  for (SimulatedPeerHost* host : {&net.a, &net.b}) {
    host->device().set_ephemeral_observer([&](const Peer& peer, const PrivateKey& ephemeral) {
      EXPECT_TRUE(&peer == &net.b_at_a() || &peer == &net.a_at_b());
      told.push_back(derive_public_key(ephemeral));
    });
  }
  net.simulation.talk(net.a, net.b, 1s, net.simulation.now() + 10min);
  net.simulation.run_for(10min);
  std::vector<PublicKey> seen;
  for (const Datagram& datagram : net.simulation.network().log()) {
    const auto type = classify(datagram.payload);
    if (type == MessageType::kInitiation) {
      seen.push_back(PublicKey{load<InitiationMessage>(datagram.payload).ephemeral});
    } else if (type == MessageType::kResponse) {
      seen.push_back(PublicKey{load<ResponseMessage>(datagram.payload).ephemeral});
    }
  }
  EXPECT_GE(told.size(), 10U);  // five handshakes, one every 120 s
  EXPECT_EQ(told, seen);
}

TEST(Keys, a_peer_removed_in_the_middle_of_everything_is_forgotten) {
  TwoHosts net;
  net.make_session();
  net.simulation.talk(net.a, net.b, 10ms, net.simulation.now() + 1min);
  net.simulation.talk(net.b, net.a, 10ms, net.simulation.now() + 1min);
  net.simulation.run_for(5s);
  net.a.device().remove_peer(net.b_at_a());
  net.forget();
  net.simulation.run_for(55s);
  EXPECT_TRUE(net.sent_by(net.a).empty());
  EXPECT_EQ(net.a.shared().sessions.size(), 0U);
  EXPECT_EQ(net.a.next_deadline(), kNever);
  EXPECT_GT(net.a.icmp_replies(), 0U);  // P23
}

TEST(Keys, all_sessions_of_a_peer_come_to_one_worker) {
  constexpr unsigned kWorkers = 3;
  TwoHosts net;
  net.a.device().set_workers(kWorkers);
  net.b.device().set_workers(kWorkers);
  net.simulation.talk(net.a, net.b, 1s, net.simulation.now() + 20min);
  net.simulation.talk(net.b, net.a, 1s, net.simulation.now() + 20min);
  net.simulation.run_for(20min);
  for (auto [sender, peer_at_receiver] :
       {std::pair{&net.a, &net.a_at_b()}, std::pair{&net.b, &net.b_at_a()}}) {
    std::set<std::uint32_t> indices;
    for (const Datagram& each : net.sent_by(*sender, MessageType::kData))
      indices.insert(load<DataHeader>(each.payload).receiver);
    EXPECT_GE(indices.size(), 8U);
    for (const std::uint32_t index : indices)
      EXPECT_EQ(worker_of(index, kWorkers), peer_at_receiver->serial % kWorkers);
  }
}

}  // namespace
}  // namespace wring::test
