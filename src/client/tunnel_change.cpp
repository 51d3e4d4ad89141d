// Makes a request of a configuration, whole or only where it differs from what there is.
#include "client/tunnel_change.h"

#include <map>
#include <set>
#include <utility>

namespace wring::client {
namespace {

Result<PeerChange> change_of(const config::Peer& peer, const Resolver& resolve) {
  PeerChange change;
  change.public_key = peer.public_key->value;
  if (peer.preshared_key) change.preshared_key = peer.preshared_key->value.clone();
  if (peer.keepalive_s) change.persistent_keepalive_s = peer.keepalive_s->value;
  change.replace_allowed_ips = peer.replaces_allowed_ips;
  for (const config::AllowedIp& allowed : peer.allowed_ips)
    change.allowed_ips.push_back({allowed.prefix, allowed.sign == config::AllowedIp::Sign::kMinus});
  if (!peer.endpoint) return change;
  auto endpoint = resolve(peer.endpoint->value);
  if (!endpoint) return tl::unexpected(endpoint.error());
  change.endpoint = *endpoint;
  return change;
}

// The address alone, without what the engine has learned about the way there.
bool is_same_place(Endpoint a, Endpoint b) {
  a.clear_source();
  b.clear_source();
  return a == b;
}

// Whose each prefix is in the end: if several peers name it, the last of them has it.
using Owners = std::map<IpPrefix, PublicKey>;

Owners owners_in(const std::vector<PeerChange>& peers) {
  Owners owners;
  for (const PeerChange& peer : peers) {
    for (const AllowedIpChange& allowed : peer.allowed_ips) {
      if (!allowed.remove) owners[allowed.prefix] = peer.public_key;
    }
  }
  return owners;
}

// Leaves out what another peer is to have. That peer may be as it should be, so that it is not
// asked for again, and would lose the prefix.
void keep_own_prefixes(PeerChange& peer, const Owners& owners) {
  std::erase_if(peer.allowed_ips, [&](const AllowedIpChange& allowed) {
    return !allowed.remove && owners.at(allowed.prefix) != peer.public_key;
  });
}

bool has_its_allowed_ips(const PeerChange& wanted, const PeerDescription& present) {
  std::set<IpPrefix> prefixes;
  for (const AllowedIpChange& allowed : wanted.allowed_ips)
    prefixes.insert(allowed.prefix);
  return prefixes == std::set<IpPrefix>(present.allowed_ips.begin(), present.allowed_ips.end());
}

// Takes from the change what the peer has already. Returns false if nothing is left.
bool reduce(PeerChange& wanted, const PeerDescription& present) {
  // What the file does not have is to be off.
  if (!wanted.preshared_key) wanted.preshared_key.emplace();
  if (*wanted.preshared_key == present.preshared_key) wanted.preshared_key.reset();
  wanted.persistent_keepalive_s = wanted.persistent_keepalive_s.value_or(std::uint16_t{0});
  if (*wanted.persistent_keepalive_s == present.persistent_keepalive_s) {
    wanted.persistent_keepalive_s.reset();
  }
  if (wanted.endpoint && is_same_place(*wanted.endpoint, present.endpoint)) wanted.endpoint.reset();
  if (wanted.replace_allowed_ips && has_its_allowed_ips(wanted, present)) {
    wanted.replace_allowed_ips = false;
    wanted.allowed_ips.clear();
  }
  return wanted.preshared_key || wanted.persistent_keepalive_s || wanted.endpoint ||
         wanted.replace_allowed_ips || !wanted.allowed_ips.empty();
}

}  // namespace

Result<ConfigChange> change_of(const config::TunnelConfig& config, ApplyMode mode,
                               const Resolver& resolve) {
  const config::Interface& interface = config.interface;
  ConfigChange change;
  if (interface.private_key) change.private_key = interface.private_key->value.clone();
  if (interface.listen_port) change.listen_port = interface.listen_port->value;
  if (interface.fwmark) change.fwmark = interface.fwmark->value;
  if (mode == ApplyMode::kReplace) {
    if (!change.private_key) change.private_key.emplace();
    change.listen_port = change.listen_port.value_or(std::uint16_t{0});
    change.fwmark = change.fwmark.value_or(0U);
    change.replace_peers = true;
  }
  change.peers.reserve(config.peers.size());
  for (const config::Peer& peer : config.peers) {
    auto made = change_of(peer, resolve);
    if (!made) return tl::unexpected(made.error());
    change.peers.push_back(std::move(*made));
  }
  return change;
}

ConfigChange difference(ConfigChange&& wanted, const InterfaceState& state) {
  ConfigChange left;
  const DeviceDescription& device = state.device;
  if (*wanted.private_key != device.private_key) left.private_key = std::move(wanted.private_key);
  if (*wanted.listen_port != 0 && *wanted.listen_port != device.listen_port) {
    left.listen_port = wanted.listen_port;
  }
  if (*wanted.fwmark != device.fwmark) left.fwmark = wanted.fwmark;

  // How often the file names each peer: one that it names twice is not compared.
  std::map<PublicKey, std::size_t> named;
  for (const PeerChange& peer : wanted.peers)
    ++named[peer.public_key];
  std::map<PublicKey, const PeerDescription*> present;
  for (const PeerDescription& peer : state.peers) {
    present[peer.public_key] = &peer;
    if (named.contains(peer.public_key)) continue;
    PeerChange& removal = left.peers.emplace_back();
    removal.public_key = peer.public_key;
    removal.remove = true;
  }
  const Owners owners = owners_in(wanted.peers);
  for (PeerChange& peer : wanted.peers) {
    keep_own_prefixes(peer, owners);
    const auto there = present.find(peer.public_key);
    if (there == present.end() || named.at(peer.public_key) > 1 || reduce(peer, *there->second)) {
      left.peers.push_back(std::move(peer));
    }
  }
  return left;
}

bool is_empty(const ConfigChange& change) {
  return !change.private_key && !change.listen_port && !change.fwmark && !change.replace_peers &&
         change.peers.empty();
}

}  // namespace wring::client
