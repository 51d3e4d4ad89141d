// What the requests on the control socket add up to, worked out the simple way: the tables that
// P20, P38 and P39 describe, and no device.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "device/configurable.h"

namespace wring::fuzz {

class ConfigurationModel {
 public:
  // All but the port, which another program may have.
  void apply(const ConfigChange& change) {
    fwmark_ = change.fwmark.value_or(fwmark_);
    if (change.replace_peers) {
      peers_.clear();
      owners_.clear();
    }
    if (change.private_key) {
      ours_.reset();
      if (!change.private_key->is_zero()) {
        PrivateKey key = change.private_key->clone();
        clamp(key);
        ours_ = derive_public_key(key);
        remove(*ours_);
      }
    }
    for (const PeerChange& peer : change.peers)
      apply(peer);
  }

  [[nodiscard]] bool agrees_with(const Configurable& device) const {
    std::vector<PeerDescription> described;
    for (PeerCursor cursor; device.describe_peers(cursor, 3, described);) {
    }
    if (described.size() != peers_.size()) return false;
    std::size_t prefixes = 0;
    for (const PeerDescription& peer : described) {
      const auto found = peers_.find(peer.public_key);
      if (found == peers_.end() || !(found->second.endpoint == peer.endpoint) ||
          found->second.preshared_key != peer.preshared_key.reveal() ||
          found->second.keepalive_s != peer.persistent_keepalive_s) {
        return false;
      }
      for (const IpPrefix& prefix : peer.allowed_ips) {
        const auto owner = owners_.find(prefix);
        if (owner == owners_.end() || owner->second != peer.public_key) return false;
      }
      prefixes += peer.allowed_ips.size();
    }
    return prefixes == owners_.size() && device.describe_device().fwmark == fwmark_;
  }

 private:
  struct Peer {
    Bytes<32> preshared_key{};
    Endpoint endpoint;
    std::uint16_t keepalive_s = 0;
  };

  void apply(const PeerChange& change) {
    const PublicKey& key = change.public_key;
    if (change.remove) return remove(key);
    if (!peers_.contains(key) && (change.update_only || key == ours_)) return;
    Peer& peer = peers_[key];
    if (change.preshared_key) peer.preshared_key = change.preshared_key->reveal();
    if (change.endpoint) peer.endpoint = *change.endpoint;
    peer.keepalive_s = change.persistent_keepalive_s.value_or(peer.keepalive_s);
    if (change.replace_allowed_ips) disown(key);
    for (const auto& [prefix, remove] : change.allowed_ips) {
      if (!remove) {
        owners_[prefix] = key;
      } else if (const auto owner = owners_.find(prefix);
                 owner != owners_.end() && owner->second == key) {
        owners_.erase(owner);
      }
    }
  }
  void remove(const PublicKey& key) {
    peers_.erase(key);
    disown(key);
  }
  void disown(const PublicKey& key) {
    std::erase_if(owners_, [&key](const auto& owned) { return owned.second == key; });
  }

  std::uint32_t fwmark_ = 0;
  std::optional<PublicKey> ours_;
  std::map<PublicKey, Peer> peers_;
  std::map<IpPrefix, PublicKey> owners_;
};

}  // namespace wring::fuzz
