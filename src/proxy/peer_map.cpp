// A list of prefixes: such files have few peers.
#include "proxy/peer_map.h"

#include <algorithm>

namespace wring::proxy {

PeerMap::PeerMap(const config::TunnelConfig& config, const Shared& shared) : shared_(shared) {
  become(config);
}

void PeerMap::become(const config::TunnelConfig& config) {
  routes_.clear();
  next_try_.assign(config.peers.size(), TimePoint{});
  for (std::size_t i = 0; i < config.peers.size(); ++i) {
    for (const config::AllowedIp& allowed : config.peers[i].allowed_ips)
      routes_.push_back({allowed.prefix, i});
  }
  std::ranges::stable_sort(
      routes_, [](const Route& a, const Route& b) { return a.prefix.length > b.prefix.length; });
}

bool PeerMap::is_silent(const IpAddress& to, TimePoint now) {
  const auto found =
      std::ranges::find_if(routes_, [&](const Route& route) { return route.prefix.contains(to); });
  if (found == routes_.end() || found->peer >= kMaxPeers) return false;
  if (!shared_.silent[found->peer].load(std::memory_order_relaxed)) return false;
  TimePoint& next = next_try_[found->peer];
  if (now < next) return true;
  next = now + kRetry;
  return false;
}

}  // namespace wring::proxy
