// Applies requests in the order that the kernel's module has, and describes what they made.
#include "device/configuration.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace wring {
namespace {

// Moves the removals of peers to the end, so that another peer can take their prefixes first. A
// removal stays where it is if a later entry names the same peer: that peer is to begin anew.
std::vector<PeerChange> removals_last(std::vector<PeerChange> changes) {
  if (std::ranges::none_of(changes, &PeerChange::remove)) return changes;
  std::map<PublicKey, std::size_t> last;
  for (std::size_t i = 0; i < changes.size(); ++i)
    last[changes[i].public_key] = i;
  std::vector<PeerChange> ordered;
  std::vector<PeerChange> removals;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const bool is_last = last[changes[i].public_key] == i;
    (changes[i].remove && is_last ? removals : ordered).push_back(std::move(changes[i]));
  }
  std::ranges::move(removals, std::back_inserter(ordered));
  return ordered;
}

}  // namespace

int Configuration::configure(ConfigChange&& change) {
  if (change.fwmark && *change.fwmark != sockets_.fwmark()) {
    if (const int error = sockets_.set_fwmark(*change.fwmark); error != 0) return error;
    device_.forget_sources();
  }
  if (change.listen_port && *change.listen_port != sockets_.port()) {
    if (const int error = sockets_.set_port(*change.listen_port); error != 0) return error;
    device_.forget_sources();
  }
  // A prefix that moves within this request has its old owner until it has the new one.
  const AllowedIps::Change together(shared_.allowed_ips);
  if (change.replace_peers) device_.remove_all_peers();
  if (change.private_key) device_.set_private_key(std::move(*change.private_key), clock_.instant());
  for (PeerChange& peer : removals_last(std::move(change.peers)))
    apply(std::move(peer));
  return 0;
}

void Configuration::apply(PeerChange&& change) {
  DevicePeer* peer = device_.find_peer(change.public_key);
  if (change.remove) {
    if (peer != nullptr) device_.remove_peer(*peer);
    return;
  }
  if (peer == nullptr) {
    if (change.update_only) return;
    if (device_.is_ourselves(change.public_key)) return;  // P38
    peer = &device_.add_peer(change.public_key);
  }
  if (change.preshared_key) Device::set_preshared_key(*peer, std::move(*change.preshared_key));
  if (change.endpoint) Device::set_endpoint(*peer, *change.endpoint);
  if (change.replace_allowed_ips) shared_.allowed_ips.clear(peer);
  for (const AllowedIpChange& allowed : change.allowed_ips) {
    if (allowed.remove) {
      shared_.allowed_ips.remove(allowed.prefix, peer);
    } else {
      shared_.allowed_ips.insert(allowed.prefix, peer);
    }
  }
  if (change.persistent_keepalive_s) {
    device_.set_persistent_keepalive(*peer, *change.persistent_keepalive_s, clock_.instant());
  }
  device_.send_staged(*peer, clock_.instant());
}

DeviceDescription Configuration::describe_device() const {
  DeviceDescription description;
  EngineCounts& counts = description.counts.emplace(device_.counts());
  counts.peers = device_.peers().size();
  counts.sessions = shared_.sessions.size();
  counts.staged_packets = shared_.staged_memory.packets();
  counts.staged_bytes = shared_.staged_memory.in_use();
  if (before_describing_) before_describing_(counts);
  if (device_.identity() != nullptr) {
    description.private_key = device_.identity()->private_key().clone();
  }
  description.listen_port = sockets_.port();
  description.fwmark = sockets_.fwmark();
  description.dropped = shared_.drops.all();
  description.engine = engine_;
  return description;
}

bool Configuration::describe_peers(PeerCursor& cursor, std::size_t max,
                                   std::vector<PeerDescription>& out) const {
  const auto& peers = device_.peers();
  auto it = peers.lower_bound(cursor.value);
  for (std::size_t n = 0; n < max && it != peers.end(); ++n, ++it) {
    out.push_back(describe(*it->second));
    cursor.value = it->first + 1;
  }
  return it != peers.end();
}

PeerDescription Configuration::describe(const DevicePeer& peer) const {
  PeerDescription description;
  description.public_key = peer.public_key;
  description.preshared_key = peer.preshared_key.clone();
  description.endpoint = peer.endpoint.load();
  description.last_handshake = peer.last_handshake;
  description.rx_bytes = peer.rx_bytes.load(std::memory_order_relaxed);
  description.tx_bytes = peer.tx_bytes.load(std::memory_order_relaxed);
  description.persistent_keepalive_s = peer.persistent_keepalive_s;
  shared_.allowed_ips.for_each(
      &peer, [&](const IpPrefix& prefix) { description.allowed_ips.push_back(prefix); });
  return description;
}

}  // namespace wring
