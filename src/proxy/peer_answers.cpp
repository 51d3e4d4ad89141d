// Compares what was sent with what came.
#include "proxy/peer_answers.h"

#include <algorithm>
#include <utility>

namespace wring::proxy {

PeerAnswers::PeerAnswers(const config::TunnelConfig& config, Shared& shared) : shared_(shared) {
  for (std::size_t i = 0; i < config.peers.size() && i < kMaxPeers; ++i) {
    if (const auto& key = config.peers[i].public_key) peers_[key->value].index = i;
  }
}

bool PeerAnswers::any_is_silent() const {
  return std::ranges::any_of(peers_, [this](const auto& each) {
    return shared_.silent[each.second.index].load(std::memory_order_relaxed);
  });
}

void PeerAnswers::take(const std::vector<PeerDescription>& peers, TimePoint now, WallTime wall) {
  for (const PeerDescription& each : peers) {
    const auto found = peers_.find(each.public_key);
    if (found == peers_.end()) continue;
    Peer& peer = found->second;
    std::atomic<bool>& silent = shared_.silent[peer.index];
    const bool heard = std::exchange(peer.received, each.rx_bytes) != each.rx_bytes;
    const bool silent_at_all = peer.watch.is_silent(each, now);
    const bool silent_in_session = peer.watch_in_session.is_silent(each, now);
    const bool in_session = each.last_handshake && (wall - *each.last_handshake) < kSession;
    if (in_session ? silent_in_session : silent_at_all) {
      silent.store(true, std::memory_order_relaxed);
    } else if (heard) {
      silent.store(false, std::memory_order_relaxed);
    }
  }
}

}  // namespace wring::proxy
