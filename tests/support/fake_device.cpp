#include "tests/support/fake_device.h"

#include <cerrno>
#include <utility>

namespace wring::test {
namespace {

PeerDescription copy(const PeerDescription& peer) {
  return {.public_key = peer.public_key,
          .preshared_key = peer.preshared_key.clone(),
          .endpoint = peer.endpoint,
          .last_handshake = peer.last_handshake,
          .rx_bytes = peer.rx_bytes,
          .tx_bytes = peer.tx_bytes,
          .persistent_keepalive_s = peer.persistent_keepalive_s,
          .allowed_ips = peer.allowed_ips};
}

}  // namespace

PeerDescription& FakeDevice::add_peer(const PublicKey& key) {
  serials_[key] = next_serial_;
  PeerDescription& peer = peers[next_serial_++];
  peer.public_key = key;
  return peer;
}

PeerDescription* FakeDevice::find(const PublicKey& key) {
  const auto serial = serials_.find(key);
  return serial == serials_.end() ? nullptr : &peers.at(serial->second);
}

void FakeDevice::remove(const PublicKey& key) {
  if (find(key) == nullptr) return;
  peers.erase(serials_.at(key));
  serials_.erase(key);
}

int FakeDevice::configure(ConfigChange&& change) {
  ++configure_calls;
  if (change.fwmark) device.fwmark = *change.fwmark;
  if (change.listen_port) {
    if (taken_port != 0 && *change.listen_port == taken_port) return EADDRINUSE;
    device.listen_port = *change.listen_port;
  }
  if (change.replace_peers) {
    peers.clear();
    serials_.clear();
  }
  if (change.private_key) device.private_key = std::move(*change.private_key);
  for (PeerChange& peer : change.peers)
    apply(peer);
  return 0;
}

void FakeDevice::apply(PeerChange& change) {
  if (change.remove) return remove(change.public_key);
  PeerDescription* peer = find(change.public_key);
  if (peer == nullptr && change.update_only) return;
  if (peer == nullptr) peer = &add_peer(change.public_key);
  if (change.preshared_key) peer->preshared_key = std::move(*change.preshared_key);
  if (change.endpoint) peer->endpoint = *change.endpoint;
  if (change.persistent_keepalive_s) {
    peer->persistent_keepalive_s = *change.persistent_keepalive_s;
  }
  if (change.replace_allowed_ips) peer->allowed_ips.clear();
  for (const AllowedIpChange& allowed : change.allowed_ips) {
    if (allowed.remove) {
      std::erase(peer->allowed_ips, allowed.prefix);
      continue;
    }
    const std::uint64_t serial = serials_.at(change.public_key);
    const std::uint64_t before = std::exchange(owners_[allowed.prefix], serial);
    if (const auto owner = peers.find(before); owner != peers.end()) {
      std::erase(owner->second.allowed_ips, allowed.prefix);
    }
    peer->allowed_ips.push_back(allowed.prefix);
  }
}

DeviceDescription FakeDevice::describe_device() const {
  return {.private_key = device.private_key.clone(),
          .listen_port = device.listen_port,
          .fwmark = device.fwmark,
          .dropped = device.dropped,
          .engine = device.engine,
          .counts = device.counts};
}

bool FakeDevice::describe_peers(PeerCursor& cursor, std::size_t max,
                                std::vector<PeerDescription>& out) const {
  auto next = peers.lower_bound(cursor.value);
  for (; next != peers.end() && max > 0; ++next, --max) {
    out.push_back(copy(next->second));
    cursor.value = next->first + 1;
    ++peers_described;
  }
  return next != peers.end();
}

}  // namespace wring::test
