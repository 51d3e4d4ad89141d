#include "tests/sim/simulated_host.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "noise/messages.h"

namespace wring::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kInterface = 1;

// All hosts share the one that users would have: to make one takes milliseconds, for it is tested.
class SharedEngine final : public AeadEngine {
 public:
  void seal(std::span<const SealJob> jobs) override { one().seal(jobs); }
  void open(std::span<OpenJob> jobs) override { one().open(jobs); }
  [[nodiscard]] std::string_view name() const override { return one().name(); }

 private:
  static AeadEngine& one() {
    static const std::unique_ptr<AeadEngine> made = make_aead_engine();
    return *made;
  }
};

bool source_is(const Endpoint& to, const Endpoint& address) {
  if (to.is_v4()) return to.source.v4.s_addr == address.remote.v4.sin_addr.s_addr;
  return std::memcmp(&to.source.v6, &address.remote.v6.sin6_addr, sizeof to.source.v6) == 0;
}

void set_source(Endpoint& endpoint, const Endpoint& address) {
  endpoint.source_ifindex = kInterface;
  if (endpoint.is_v4()) {
    endpoint.source.v4 = address.remote.v4.sin_addr;
  } else {
    endpoint.source.v6 = address.remote.v6.sin6_addr;
  }
}

}  // namespace

SimulatedPeerHost::SimulatedPeerHost(std::string name, std::uint64_t seed, const Instant& clock,
                                     SimulatedNetwork& network, Ledger& ledger,
                                     const Endpoint& address, const IpAddress& inner,
                                     Duration handshake_delay)
    : name_(std::move(name)),
      clock_(clock),
      network_(network),
      ledger_(ledger),
      address_(address),
      inner_(inner),
      rng_(seed),
      inbound_(shared_, handshakes_, std::make_unique<SharedEngine>()),
      outbound_(shared_, std::make_unique<SharedEngine>()),
      delayed_(
          handshake_delay == Duration{}
              ? std::nullopt
              : std::optional<DelayedExecutor>(std::in_place, clock.boot, handshake_delay, seed)),
      device_(shared_, rng_, *this, delayed_ ? &*delayed_ : nullptr) {
  device_.set_observer([this](const Peer& peer, DeviceEvent what) { on_event(peer, what); });
  turn_.add_queue(handshakes_);
  device_.set_private_key(generate_private_key(rng_), now());
  device_.bring_up(now());
}

SimulatedPeerHost::~SimulatedPeerHost() = default;

DevicePeer& SimulatedPeerHost::know(SimulatedPeerHost& other, bool reachable) {
  DevicePeer& peer = device_.add_peer(other.public_key());
  shared_.allowed_ips.insert(IpPrefix(other.inner(), other.inner().full_length()), &peer);
  if (reachable) Device::set_endpoint(peer, other.address());
  return peer;
}

DevicePeer* SimulatedPeerHost::peer_of(const SimulatedPeerHost& other) const {
  return device_.find_peer(other.public_key());
}

void SimulatedPeerHost::send_data(const SimulatedPeerHost& other, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    send_packet(ledger_.make(inner_, other.inner(), 1300));
}

void SimulatedPeerHost::send_packet(std::vector<std::uint8_t> packet) {
  const std::size_t size = packet.size();
  packet.resize(size + kPacketTailRoom);
  TunPacket from_tun;
  from_tun.bytes = MutByteSpan(packet).first(size);
  const Outbound::Batch batch = outbound_.process({&from_tun, 1}, clock_.boot);
  for (const OutgoingDatagram& datagram : batch.datagrams) {
    if (send(datagram) == 0) continue;
    // As a worker does it (P29).
    Endpoint endpoint = *datagram.to;
    endpoint.clear_source();
    outbound_.source_failed(*datagram.to);
    static_cast<void>(send({datagram.payload, &endpoint, datagram.tos}));
  }
  icmp_replies_ += batch.replies.size();
  control_turn();
}

void SimulatedPeerHost::receive(const Datagram& datagram) {
  std::vector<std::uint8_t> payload = datagram.payload;
  ReceivedDatagram received{payload, datagram.from, datagram.tos};
  set_source(received.from, address_);
  const Session* session = nullptr;
  if (classify(payload) == MessageType::kData) {
    session = shared_.sessions.find(SessionIndex{load<DataHeader>(payload).receiver});
  }
  const Inbound::Batch batch = inbound_.process({&received, 1}, clock_.boot);
  for (const InnerPacket& packet : batch.packets) {
    if (std::string wrong = ledger_.deliver(packet.bytes, inner_); !wrong.empty()) violated(wrong);
    if (session == nullptr || clock_.boot - session->created_at() >= 180s) {  // P8
      violated("received on a key older than 180 s");
    }
  }
  control_turn();
}

void SimulatedPeerHost::control_turn() {
  ControlTurn::Jobs done;
  while (std::unique_ptr<HandshakeJob> job = delayed_ ? delayed_->take_due() : nullptr)
    done.push_back(std::move(job));
  device_.note_queue_depth(extra_queue_depth_, clock_.boot);
  turn_.run(std::move(done), now());
  if (std::string broken = device_.check_invariants(); !broken.empty()) violated(broken);
  check_keys_in_memory();
}

std::size_t SimulatedPeerHost::count(DeviceEvent what) const {
  return static_cast<std::size_t>(std::count_if(
      events_.begin(), events_.end(), [what](const Event& event) { return event.what == what; }));
}

int SimulatedPeerHost::send(const OutgoingDatagram& datagram) {
  if (!has_routes_) return ENETUNREACH;
  // A socket refuses to send from an address that the host no longer has.
  if (datagram.to->pins_source() && !source_is(*datagram.to, address_)) return EADDRNOTAVAIL;
  check_key_of_outgoing(datagram.payload);
  Datagram sent;
  sent.from = address_;
  sent.to = *datagram.to;
  sent.to.clear_source();
  sent.tos = datagram.tos;
  sent.payload.assign(datagram.payload.begin(), datagram.payload.end());
  network_.send(std::move(sent), clock_.boot);
  return 0;
}

void SimulatedPeerHost::on_event(const Peer& peer, DeviceEvent what) {
  events_.push_back({clock_.boot, &peer, what});
  if (what == DeviceEvent::kInitiationSent) {
    const auto last = last_initiation_.find(&peer);
    if (last != last_initiation_.end() && clock_.boot - last->second < 5s) {  // P6
      violated("two initiations of one peer within 5 s");
    }
    last_initiation_[&peer] = clock_.boot;
  }
  if (what == DeviceEvent::kInitiationReceived || what == DeviceEvent::kResponseReceived) {
    last_session_[&peer] = clock_.boot;
  }
}

void SimulatedPeerHost::violated(const std::string& what) {
  violations_.push_back(name_ + " at " + std::to_string(clock_.boot.time_since_epoch().count()) +
                        " ns: " + what);
}

// P8: nothing leaves on a key older than 180 s.
void SimulatedPeerHost::check_key_of_outgoing(ByteSpan datagram) {
  if (classify(datagram) != MessageType::kData) return;
  const SessionIndex receiver{load<DataHeader>(datagram).receiver};
  for (const auto& [serial, peer] : device_.peers()) {
    for (const Session* session :
         {peer->keypairs.previous(), peer->keypairs.current(), peer->keypairs.next()}) {
      if (session != nullptr && session->keys().remote_index == receiver &&
          clock_.boot - session->created_at() >= 180s) {
        violated("sent on a key older than 180 s");
      }
    }
  }
}

// P14: 540 s after the last session was made no key of the peer is left.
void SimulatedPeerHost::check_keys_in_memory() {
  for (const auto& [serial, peer] : device_.peers()) {
    const auto last = last_session_.find(peer);
    if (last == last_session_.end() || clock_.boot - last->second <= 540s) continue;
    for (const Session* session :
         {peer->keypairs.previous(), peer->keypairs.current(), peer->keypairs.next()}) {
      if (session != nullptr) violated("a key is left 540 s after the last session was made");
    }
  }
}

}  // namespace wring::test
