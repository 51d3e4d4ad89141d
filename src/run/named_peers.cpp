// Tries again with growing pauses, and takes the addresses of a name in turn.
#include "run/named_peers.h"

#include <algorithm>
#include <utility>

#include "ip/endpoint_parse.h"

namespace wring::run {
namespace {

// The first time the first; later the one after the last that was taken, which did not answer.
const Endpoint& choose(const std::vector<Endpoint>& found, const std::optional<Endpoint>& last) {
  const auto at = last ? std::ranges::find(found, *last) : found.end();
  if (at == found.end() || at + 1 == found.end()) return found.front();
  return *(at + 1);
}

}  // namespace

void NamedPeers::follow(const config::TunnelConfig& config) {
  std::vector<Peer> before = std::exchange(peers_, {});
  for (const config::Peer& peer : config.peers) {
    if (!peer.endpoint || address_in(peer.endpoint->value)) continue;
    const auto known = std::ranges::find_if(before, [&](const Peer& one) {
      return one.key == peer.public_key->value && one.name == peer.endpoint->value;
    });
    Peer& named = peers_.emplace_back(known == before.end() ? Peer{} : *known);
    if (known == before.end()) {
      named.id = next_id_++;
      named.key = peer.public_key->value;
      named.name = peer.endpoint->value;
    }
    named.has_default = std::ranges::any_of(peer.allowed_ips, [](const config::AllowedIp& allowed) {
      return allowed.prefix.length == 0;
    });
  }
}

void NamedPeers::look_up(TimePoint now) {
  for (Peer& peer : peers_) {
    if (peer.asked || peer.due > now) continue;
    peer.asked = true;
    peer.due = kNever;
    ask_(peer.id, peer.name);
  }
}

TimePoint NamedPeers::next() const {
  TimePoint first = kNever;
  for (const Peer& peer : peers_)
    first = std::min(first, peer.due);
  return first;
}

std::optional<PeerChange> NamedPeers::take(const NameAnswer& answer, TimePoint now) {
  const auto asked = std::ranges::find(peers_, answer.id, &Peer::id);
  if (asked == peers_.end()) return std::nullopt;
  Peer& peer = *asked;
  peer.asked = false;
  if (!answer.endpoints) {
    if (!peer.failed) say_(answer.endpoints.error().message + "; trying again until it is found");
    peer.failed = true;
    peer.due = now + peer.pause;
    peer.pause = std::min(peer.pause * 2, kLongestPause);
    return std::nullopt;
  }
  const Endpoint endpoint = choose(*answer.endpoints, peer.endpoint);
  if (peer.failed || (peer.endpoint && *peer.endpoint != endpoint)) {
    say_(peer.name.host + " is now at " + to_string(endpoint));
  }
  peer.failed = false;
  peer.pause = kFirstPause;
  peer.endpoint = endpoint;
  PeerChange change;
  change.public_key = peer.key;
  change.update_only = true;
  change.endpoint = endpoint;
  return change;
}

void NamedPeers::watch(const std::vector<PeerDescription>& described, TimePoint now) {
  for (const PeerDescription& one : described) {
    const auto peer = std::ranges::find(peers_, one.public_key, &Peer::key);
    if (peer == peers_.end()) continue;
    const bool silent = peer->silence.is_silent(one, now);
    if (silent && !peer->asked && peer->due == kNever) peer->due = now;
  }
}

bool NamedPeers::default_is_found() const {
  return std::ranges::all_of(peers_,
                             [](const Peer& peer) { return !peer.has_default || peer.endpoint; });
}

bool NamedPeers::all_are_answered() const {
  return std::ranges::all_of(peers_, [](const Peer& peer) { return peer.failed || peer.endpoint; });
}

std::optional<Endpoint> NamedPeers::found(const config::HostPort& name) const {
  const auto peer = std::ranges::find_if(
      peers_, [&](const Peer& one) { return one.name == name && one.endpoint; });
  return peer == peers_.end() ? std::nullopt : peer->endpoint;
}

bool NamedPeers::all_are_found() const {
  return std::ranges::all_of(peers_, [](const Peer& peer) { return peer.endpoint.has_value(); });
}

std::optional<Endpoint> address_in(const config::HostPort& endpoint) {
  const auto parsed = parse_endpoint(config::to_string(endpoint));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

}  // namespace wring::run
