// Compares what was sent with the look before.
#include "proxy/handshake_watch.h"

#include <algorithm>
#include <utility>

namespace wring::proxy {

HandshakeWatch::State HandshakeWatch::state_of(Peer& peer, const PeerDescription& described,
                                               TimePoint now, WallTime wall) {
  const bool sent = std::exchange(peer.sent, described.tx_bytes) != described.tx_bytes;
  if (sent) peer.last_sent = now;
  const bool wanted =
      described.persistent_keepalive_s != 0 || (peer.last_sent && now - *peer.last_sent < kWanted);
  const bool in_session = described.last_handshake && wall - *described.last_handshake <= kOldest;
  if (!wanted || in_session) peer.without_since.reset();
  if (!wanted) return State::kUnwanted;
  if (in_session) return State::kCarries;
  if (!peer.without_since) peer.without_since = now;
  const bool has_grace = described.last_handshake && now - *peer.without_since < kGrace;
  return has_grace ? State::kCarries : State::kFails;
}

HandshakeWatch::Verdict HandshakeWatch::take(const std::vector<PeerDescription>& peers,
                                             TimePoint now, WallTime wall) {
  Verdict verdict;
  bool any_carries = false;
  bool any_fails = false;
  std::map<PublicKey, Peer> before = std::exchange(peers_, {});
  for (const PeerDescription& each : peers) {
    Peer& peer = peers_[each.public_key] = before[each.public_key];
    const State state = state_of(peer, each, now, wall);
    any_carries = any_carries || state == State::kCarries;
    any_fails = any_fails || state == State::kFails;
    verdict.latest = std::max(verdict.latest, each.last_handshake);
  }
  verdict.ready = any_carries || !any_fails;
  return verdict;
}

}  // namespace wring::proxy
