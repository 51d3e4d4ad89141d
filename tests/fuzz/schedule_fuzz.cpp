// Two hosts and a schedule that the input writes: who sends when, what the network does, what the
// administrator changes, and which of the datagrams that ever passed come again, whole or spoilt.
// No rule breaks on the way (the ledger and the hosts see to that), and once the network behaves,
// packets cross both ways again. The first byte says how long a handshake is computed.
#include <chrono>
#include <cstdlib>
#include <iostream>

#include "fuzz_input.h"
#include "tests/sim/rig.h"

using namespace wring;
using namespace wring::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxSteps = 48;

const Endpoint kStranger = address_of("203.0.113.66:666");

bool of_stranger(const DevicePeer& peer) {
  return key_of(peer.endpoint.load()) == key_of(kStranger);
}

class Schedule {
 public:
  Schedule(const std::uint8_t* data, std::size_t size) : input_(data, size) {}

  void run() {
    for (std::size_t step = 0; step < kMaxSteps && !input_.empty(); ++step)
      take_step();
  }
  void comes_back() {
    net_.simulation.network().cut(false);
    net_.simulation.network().set_quality({});
    net_.b.pretend_queued_handshakes(0);
    net_.simulation.run_for(1s);  // what is still computed is done by then
    // A stranger who held a message back and delivers it moves the endpoint by right (P28).
    if (of_stranger(net_.b_at_a())) Device::set_endpoint(net_.b_at_a(), net_.b.address());
    if (of_stranger(net_.a_at_b())) Device::set_endpoint(net_.a_at_b(), net_.a.address());
    // A host that knows of no session has the other's port from an old one at most.
    for (auto* from : {&net_.a, &net_.b}) {
      auto& to = from == &net_.a ? net_.b : net_.a;
      const std::uint64_t before = net_.delivered();
      const auto arrived = [&] { return net_.delivered() > before; };
      bool crossed = false;
      for (int second = 0; second < 20 && !crossed; ++second) {
        from->send_data(to);
        crossed = net_.simulation.run_until(arrived, 1s);
      }
      if (!crossed) std::abort();
    }
  }
  void check() const {
    for (const auto* host : {&net_.a, &net_.b}) {
      for (const std::string& what : host->violations())
        std::cerr << host->name() << ": " << what << "\n";
      if (!host->violations().empty()) std::abort();
    }
  }

 private:
  std::uint8_t next() { return input_.byte(); }

  void take_step() {
    auto& network = net_.simulation.network();
    switch (next() % 14) {
      case 0:
        return net_.a.send_data(net_.b, 1U + next() % 4);
      case 1:
        return net_.b.send_data(net_.a, 1U + next() % 4);
      case 2:
        return net_.simulation.run_for(next() * 20ms);
      case 3:
        return net_.simulation.run_for(next() * 3s);
      case 4:
        return network.cut(next() % 2 == 1);
      case 5:
        return network.set_quality({.loss = next() % 40U,
                                    .duplication = next() % 40U,
                                    .corruption = next() % 40U,
                                    .min_delay = 1ms,
                                    .max_delay = 1ms + next() * 4ms});
      case 6:
        return net_.a.move_to(address_of(next() % 2 == 0 ? "192.0.2.1:51820" : "198.51.100.9:7"));
      case 7:
        return net_.b.pretend_queued_handshakes(next() % 2 == 0 ? 0 : 1000);
      case 8:
        return net_.a.shift_wall_clock(next() * 1s);
      case 9:
        return replay();
      default:
        return administer(next() % 2 == 0 ? net_.a : net_.b);
    }
  }

  void administer(SimulatedPeerHost& host) {
    SimulatedPeerHost& other = &host == &net_.a ? net_.b : net_.a;
    DevicePeer& peer = *host.peer_of(other);
    const std::uint8_t value = next();
    switch (next() % 4) {
      case 0:
        Device::set_preshared_key(peer, PresharedKey(Bytes<32>{value}));
        Device::set_preshared_key(*other.peer_of(host), PresharedKey(Bytes<32>{value}));
        break;
      case 1:
        host.device().bring_down();
        host.forget_initiations();  // the 5 s between two of them count anew
        host.device().bring_up(host.now());
        break;
      case 2:
        host.device().set_persistent_keepalive(peer, value, host.now());
        break;
      default: {
        const Bytes<32> psk = peer.preshared_key.reveal();
        host.device().remove_peer(peer);
        host.forget_initiations();
        Device::set_preshared_key(host.know(other), PresharedKey(psk));
      }
    }
    host.control_turn();
  }

  // Something from the past, whole, with a byte changed or cut, to the end that it was meant for,
  // from where it came or from a stranger.
  void replay() {
    const auto& log = net_.simulation.network().log();
    if (log.empty()) return;
    Datagram datagram = log[(next() * 256U + next()) % log.size()];
    auto& host = key_of(datagram.to) == key_of(net_.b.address()) ? net_.b : net_.a;
    const std::uint8_t how = next();
    const std::size_t place = datagram.payload.empty() ? 0 : next() % datagram.payload.size();
    if (how % 4 == 1) datagram.payload[place] ^= static_cast<std::uint8_t>(1U << how % 8);
    if (how % 4 == 2) datagram.payload.resize(place);
    if (how % 8 >= 4) datagram.from = kStranger;
    host.receive(datagram);
    host.control_turn();
  }

  fuzz::Input input_;
  TwoHosts net_{3, next() % 3 * 20ms};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Schedule schedule(data, size);
  schedule.run();
  schedule.check();
  schedule.comes_back();
  schedule.check();
  return 0;
}
