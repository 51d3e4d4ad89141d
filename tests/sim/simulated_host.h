// One host: the very Device, Inbound and Outbound that the daemon runs, driven as its control loop
// and workers drive them, on a clock and a network that are not real.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/inbound.h"
#include "dataplane/outbound.h"
#include "device/control_turn.h"
#include "device/device.h"
#include "tests/sim/delayed_executor.h"
#include "tests/sim/ledger.h"
#include "tests/sim/simulated_network.h"

namespace wring::test {

class SimulatedPeerHost final : public DatagramSender {
 public:
  struct Event {
    TimePoint at;
    const Peer* peer;
    DeviceEvent what;
  };

  // `clock` outlives the host, as do the network and the ledger. With a `handshake_delay` the
  // costly part of a handshake is done elsewhere, and takes up to so long; without, it is done at
  // once.
  SimulatedPeerHost(std::string name, std::uint64_t seed, const Instant& clock,
                    SimulatedNetwork& network, Ledger& ledger, const Endpoint& address,
                    const IpAddress& inner, Duration handshake_delay);
  ~SimulatedPeerHost() override;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Endpoint& address() const { return address_; }
  // The host moves to another network; nobody is told.
  void move_to(const Endpoint& address) { address_ = address; }
  // From then on the routing table leads nowhere, or to everything again.
  void set_routes(bool any) { has_routes_ = any; }
  [[nodiscard]] const IpAddress& inner() const { return inner_; }
  [[nodiscard]] Device& device() { return device_; }
  [[nodiscard]] SharedState& shared() { return shared_; }
  [[nodiscard]] const PublicKey& public_key() const { return device_.identity()->public_key(); }
  [[nodiscard]] std::uint64_t drops(DropReason reason) const { return shared_.drops.get(reason); }

  // Adds `other` as a peer that owns its inner address; its endpoint only if `reachable`.
  DevicePeer& know(SimulatedPeerHost& other, bool reachable = true);
  [[nodiscard]] DevicePeer* peer_of(const SimulatedPeerHost& other) const;

  // An application sends `count` packets to `other`, in one batch.
  void send_data(const SimulatedPeerHost& other, std::size_t count = 1);
  // The same for any packet.
  void send_packet(std::vector<std::uint8_t> packet);
  void receive(const Datagram& datagram);
  // One turn of the control thread, as the daemon takes it.
  void control_turn();
  [[nodiscard]] TimePoint next_deadline() const {
    return std::min(turn_.deadline(), delayed_ ? delayed_->next() : kNever);
  }

  // The wall clock of this host differs from the simulation's by so much (P5).
  void shift_wall_clock(Duration shift) { wall_shift_ += shift; }
  [[nodiscard]] Instant now() const { return {clock_.boot, clock_.wall + wall_shift_}; }
  // The interface went down, or a peer was replaced: the 5 s between two initiations count anew.
  void forget_initiations() { last_initiation_.clear(); }
  // As if that many more handshakes stood in the queue (P32).
  void pretend_queued_handshakes(std::size_t depth) { extra_queue_depth_ = depth; }

  [[nodiscard]] const std::vector<Event>& events() const { return events_; }
  void clear_events() { events_.clear(); }
  [[nodiscard]] std::size_t count(DeviceEvent what) const;
  [[nodiscard]] std::size_t icmp_replies() const { return icmp_replies_; }
  // What broke a rule that holds at all times; empty as long as nothing did.
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

  int send(const OutgoingDatagram& datagram) override;

 private:
  void on_event(const Peer& peer, DeviceEvent what);
  void violated(const std::string& what);
  void check_key_of_outgoing(ByteSpan datagram);
  void check_keys_in_memory();

  std::string name_;
  const Instant& clock_;
  SimulatedNetwork& network_;
  Ledger& ledger_;
  Endpoint address_;
  bool has_routes_ = true;
  IpAddress inner_;
  Duration wall_shift_{};
  std::size_t extra_queue_depth_ = 0;
  SeededRng rng_;
  SharedState shared_;
  HandshakeQueue handshakes_;
  Inbound inbound_;
  Outbound outbound_;
  std::optional<DelayedExecutor> delayed_;
  Device device_;
  ControlTurn turn_{device_};
  std::vector<Event> events_;
  std::map<const Peer*, TimePoint> last_initiation_;
  std::map<const Peer*, TimePoint> last_session_;
  std::size_t icmp_replies_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace wring::test
