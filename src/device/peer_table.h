// The peers of a device, by public key and in the order in which they were configured.
#pragma once

#include <cassert>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/rng.h"
#include "crypto/keys.h"
#include "device/device_peer.h"

namespace wring {

// Owns the peers. Control thread only.
class PeerTable {
 public:
  using InOrder = std::map<std::uint64_t, DevicePeer*>;

  // The hash of the keys is keyed by `rng`, so that nobody can choose keys that collide.
  explicit PeerTable(Rng& rng) : by_key_(0, PublicKeyHash(rng)) {}

  // Null if there is none.
  [[nodiscard]] DevicePeer* find(const PublicKey& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : found->second.get();
  }
  [[nodiscard]] DevicePeer* find(std::uint64_t serial) const {
    const auto found = in_order_.find(serial);
    return found == in_order_.end() ? nullptr : found->second;
  }
  // By serial number, in the order of configuration.
  [[nodiscard]] const InOrder& in_order() const { return in_order_; }

  // There is none with this key yet. `memory` outlives the peer.
  DevicePeer& add(const PublicKey& key, StagedMemory& memory) {
    auto peer = std::make_unique<DevicePeer>(key, next_serial_++, memory);
    DevicePeer& added = *peer;
    const bool is_new = by_key_.emplace(key, std::move(peer)).second;
    assert(is_new);
    static_cast<void>(is_new);
    in_order_.emplace(added.serial, &added);
    return added;
  }
  // Takes the peer out of the table.
  [[nodiscard]] std::unique_ptr<DevicePeer> take(DevicePeer& peer) {
    in_order_.erase(peer.serial);
    auto node = by_key_.extract(peer.public_key);
    assert(!node.empty() && node.mapped().get() == &peer);
    return std::move(node.mapped());
  }

 private:
  std::uint64_t next_serial_ = 1;
  std::unordered_map<PublicKey, std::unique_ptr<DevicePeer>, PublicKeyHash> by_key_;
  InOrder in_order_;
};

}  // namespace wring
