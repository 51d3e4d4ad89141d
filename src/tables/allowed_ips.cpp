#include "tables/allowed_ips.h"

namespace wring {
Peer* AllowedIps::lookup(const IpAddress& address) const {
  const ByteSpan bytes = address.bytes;
  return address.is_v4() ? lookup_v4(bytes.first<4>()) : lookup_v6(bytes.first<16>());
}

Peer* AllowedIps::lookup_v4(std::span<const std::uint8_t, 4> address) const {
  return v4_.lookup(v4_key(address));
}

Peer* AllowedIps::lookup_v6(std::span<const std::uint8_t, 16> address) const {
  return v6_.lookup(v6_key(address));
}

Peer* AllowedIps::insert(const IpPrefix& prefix, Peer* peer) {
  const ByteSpan bytes = prefix.address.bytes;
  return prefix.address.is_v4() ? claim(v4_, &Owned::v4, v4_key(bytes), prefix.length, peer)
                                : claim(v6_, &Owned::v6, v6_key(bytes), prefix.length, peer);
}

bool AllowedIps::remove(const IpPrefix& prefix, const Peer* peer) {
  const ByteSpan bytes = prefix.address.bytes;
  return prefix.address.is_v4() ? release(v4_, &Owned::v4, v4_key(bytes), prefix.length, peer)
                                : release(v6_, &Owned::v6, v6_key(bytes), prefix.length, peer);
}

void AllowedIps::remove_all(const Peer* peer) {
  const auto found = owned_.find(peer);
  if (found == owned_.end()) return;
  Owned owned = found->second;
  owned_.erase(found);
  while (auto* node = owned.v4.first()) {
    owned.v4.erase(*node);
    v4_.erase(*node);
  }
  while (auto* node = owned.v6.first()) {
    owned.v6.erase(*node);
    v6_.erase(*node);
  }
}

template <typename Key>
Peer* AllowedIps::claim(PrefixTable<Key>& table, PrefixList<Key> Owned::*list, const Key& key,
                        std::uint8_t length, Peer* peer) {
  const auto [node, before] = table.insert(key, length, peer);
  if (before == peer) return before;
  if (before != nullptr) disown(list, node, before);
  (owned_[peer].*list).push_back(node);
  return before;
}

template <typename Key>
bool AllowedIps::release(PrefixTable<Key>& table, PrefixList<Key> Owned::*list, const Key& key,
                         std::uint8_t length, const Peer* peer) {
  TrieNode<Key>* node = table.find(key, length);
  if (node == nullptr || node->peer.load(std::memory_order_relaxed) != peer) return false;
  disown(list, *node, peer);
  table.erase(*node);
  return true;
}

template <typename Key>
void AllowedIps::disown(PrefixList<Key> Owned::*list, TrieNode<Key>& node, const Peer* peer) {
  const auto found = owned_.find(peer);
  (found->second.*list).erase(node);
  if (found->second.v4.empty() && found->second.v6.empty()) owned_.erase(found);
}

}  // namespace wring
