// Divides the growth of counters by the time between two looks.
#include "command/transfer_rates.h"

#include <chrono>
#include <utility>

namespace wring::command {

void TransferRates::note(const client::InterfaceState& state, TimePoint now) {
  Looks& before = interfaces_.try_emplace(state.name, 0, PublicKeyHash(rng_)).first->second;
  // Only the peers that are there now, so that those that went do not stay here for ever.
  Looks looks(state.peers.size(), before.hash_function());
  for (const PeerDescription& peer : state.peers) {
    Look look{now, peer.rx_bytes, peer.tx_bytes, std::nullopt};
    const auto old = before.find(peer.public_key);
    if (old != before.end() && old->second.at < now && old->second.received <= look.received &&
        old->second.sent <= look.sent) {
      const double seconds = std::chrono::duration<double>(now - old->second.at).count();
      look.rate = Rate{static_cast<double>(look.received - old->second.received) / seconds,
                       static_cast<double>(look.sent - old->second.sent) / seconds};
    }
    looks.emplace(peer.public_key, look);
  }
  before = std::move(looks);
  last_ = &before;
}

std::optional<Rate> TransferRates::of(const PublicKey& peer) const {
  if (last_ == nullptr) return std::nullopt;
  const auto look = last_->find(peer);
  return look == last_->end() ? std::nullopt : look->second.rate;
}

}  // namespace wring::command
