// A worker that stages and sends while the control thread makes and drops keys: no packet stays
// stuck, none overtakes another.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/sim/rig.h"
#include "tests/support/packets.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPacketsPerRound = 120;  // fewer than are staged: none is dropped for room

using Numbers = std::vector<std::uint64_t>;
using Datagrams = std::vector<std::vector<std::uint8_t>>;

// Sends numbered packets to b as a worker of a does, with its own Outbound.
Datagrams work(SharedState& shared, TimePoint now) {
  RcuReader reader;
  Outbound outbound(shared);
  Datagrams sent;
  for (std::uint64_t number = 0; number < kPacketsPerRound; ++number) {
    Packet packet = make_packet({.source = "10.0.0.1", .destination = "10.0.0.2"});
    store(MutByteSpan(packet), number, 20);
    packet.resize(packet.size() + kPacketTailRoom);
    TunPacket from_tun;
    from_tun.bytes = MutByteSpan(packet).first(28);
    for (const OutgoingDatagram& each : outbound.process({&from_tun, 1}, now).datagrams) {
      sent.emplace_back(each.payload.begin(), each.payload.end());
    }
    reader.quiescent();
    if (number % 16 == 0) std::this_thread::yield();
  }
  return sent;
}

// What the datagrams carry, in the order of their counters.
Numbers opened(Datagrams datagrams, SimulatedPeerHost& at, TimePoint now) {
  std::sort(datagrams.begin(), datagrams.end(), [](const auto& x, const auto& y) {
    return load<DataHeader>(x).counter < load<DataHeader>(y).counter;
  });
  HandshakeQueue handshakes;
  Inbound inbound(at.shared(), handshakes);
  Numbers numbers;
  for (auto& datagram : datagrams) {
    const ReceivedDatagram received{datagram, at.address(), 0};
    for (const InnerPacket& packet : inbound.process({&received, 1}, now).packets)
      numbers.push_back(load<std::uint64_t>(packet.bytes, 20));
  }
  return numbers;
}

TEST(Staging, what_a_worker_stages_while_a_key_is_made_goes_out_in_order) {  // P22
  TwoHosts net;
  // Data of a is opened by the test, in the order of its counters.
  net.simulation.network().set_filter([&](const Datagram& datagram) {
    return key_of(datagram.from) != key_of(net.a.address()) ||
           classify(datagram.payload) != MessageType::kData;
  });
  for (int round = 0; round < 150; ++round) {
    net.a.device().bring_down();
    net.a.control_turn();
    net.forget();
    net.simulation.run_for(6s);
    net.a.device().bring_up(net.a.now());

    Datagrams datagrams;
    const TimePoint now = net.simulation.now();
    std::thread worker([&] { datagrams = work(net.a.shared(), now); });
    for (int turn = 0; turn < 100'000 && net.b_at_a().sending.load() == nullptr; ++turn) {
      net.a.control_turn();
      net.simulation.run_for(100us);
    }
    net.a.control_turn();
    worker.join();
    // On a busy machine the worker may have begun only now: one second is enough for a handshake,
    // and too short for any timer to free what is stuck.
    for (int turn = 0; turn < 10'000 && !net.b_at_a().staged.empty(); ++turn) {
      net.a.control_turn();
      net.simulation.run_for(100us);
    }
    net.a.control_turn();
    ASSERT_TRUE(net.b_at_a().staged.empty()) << "stuck in round " << round;

    for (const Datagram& each : net.sent_by(net.a, MessageType::kData))
      datagrams.push_back(each.payload);
    const Numbers numbers = opened(std::move(datagrams), net.b, net.simulation.now());
    ASSERT_EQ(numbers.size(), kPacketsPerRound) << "round " << round;
    ASSERT_TRUE(std::is_sorted(numbers.begin(), numbers.end())) << "round " << round;
    net.b.control_turn();
  }
}

}  // namespace
}  // namespace wring::test
