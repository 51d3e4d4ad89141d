// Two hosts that know each other, and what most tests ask of them.
#pragma once

#include <algorithm>
#include <vector>

#include "noise/messages.h"
#include "tests/sim/simulation.h"

namespace wring::test {

struct TwoHosts {
  explicit TwoHosts(std::uint64_t seed = 1, Duration handshake_delay = {})
      : simulation(seed, handshake_delay) {
    Simulation::introduce(a, b);
  }

  // One packet from a to b: a is the initiator of the session that there is afterwards. All timers
  // that this arms are over, nothing is under way, and the log is empty.
  void make_session() {
    a.send_data(b);
    simulation.run_for(std::chrono::seconds(30));
    forget();
  }
  void forget() {
    simulation.network().clear_log();
    a.clear_events();
    b.clear_events();
  }
  // What `host` has sent since forget().
  [[nodiscard]] std::vector<Datagram> sent_by(const SimulatedPeerHost& host) const {
    std::vector<Datagram> sent;
    const auto& log = simulation.network().log();
    std::copy_if(log.begin(), log.end(), std::back_inserter(sent), [&host](const Datagram& each) {
      return key_of(each.from) == key_of(host.address());
    });
    return sent;
  }
  [[nodiscard]] std::vector<Datagram> sent_by(const SimulatedPeerHost& host,
                                              MessageType type) const {
    std::vector<Datagram> sent = sent_by(host);
    std::erase_if(sent, [type](const Datagram& each) { return classify(each.payload) != type; });
    return sent;
  }
  [[nodiscard]] std::uint64_t delivered() const { return simulation.ledger().delivered(); }
  [[nodiscard]] DevicePeer& b_at_a() { return *a.peer_of(b); }
  [[nodiscard]] DevicePeer& a_at_b() { return *b.peer_of(a); }

  Simulation simulation;
  SimulatedPeerHost& a = simulation.add_host();
  SimulatedPeerHost& b = simulation.add_host();
};

// An empty plaintext and the 32 bytes of overhead.
inline bool is_keepalive(const Datagram& datagram) {
  return datagram.payload.size() == 32;
}

}  // namespace wring::test
