#include "dataplane/allowed_ips.h"

#include "dataplane/v4_root_table.h"

namespace wring {
namespace {

// From here on the trie of version 4 is deep enough that a megabyte for the first 16 bits pays; it
// goes again only far below, so that a table at the edge does not swing.
constexpr std::size_t kRootTableFrom = 256;
constexpr std::size_t kNoRootTableBelow = 64;

}  // namespace

AllowedIps::AllowedIps(RcuReclaimer& reclaimer)
    : reclaimer_(reclaimer), v4_(reclaimer), v6_(reclaimer) {}

AllowedIps::~AllowedIps() {
  delete v4_root_table_.load(std::memory_order_relaxed);
}

Peer* AllowedIps::lookup(const IpAddress& address) const {
  const ByteSpan bytes = address.bytes;
  return address.is_v4() ? lookup_v4(bytes.first<4>()) : lookup_v6(bytes.first<16>());
}

Peer* AllowedIps::lookup_v4(std::span<const std::uint8_t, 4> address) const {
  const std::uint32_t key = v4_key(address);
  // Acquire: the table's slots are filled before it is published.
  const V4RootTable* table = v4_root_table_.load(std::memory_order_acquire);
  return table != nullptr ? table->lookup(key) : v4_.lookup(key);
}

Peer* AllowedIps::lookup_v6(std::span<const std::uint8_t, 16> address) const {
  return v6_.lookup(v6_key(address));
}

Peer* AllowedIps::insert(const IpPrefix& prefix, Peer* peer) {
  const ByteSpan bytes = prefix.address.bytes;
  if (!prefix.address.is_v4()) {
    return claim(v6_, &Owned::v6, v6_key(bytes), prefix.length, peer);
  }
  const std::uint32_t key = v4_key(bytes);
  Peer* before = claim(v4_, &Owned::v4, key, prefix.length, peer);
  v4_changed(key, prefix.length);
  return before;
}

bool AllowedIps::remove(const IpPrefix& prefix, const Peer* peer) {
  const ByteSpan bytes = prefix.address.bytes;
  if (!prefix.address.is_v4()) {
    return release(v6_, &Owned::v6, v6_key(bytes), prefix.length, peer);
  }
  const std::uint32_t key = v4_key(bytes);
  if (!release(v4_, &Owned::v4, key, prefix.length, peer)) return false;
  v4_changed(key, prefix.length);
  return true;
}

void AllowedIps::remove_all(const Peer* peer) {
  const auto found = owned_.find(peer);
  if (found == owned_.end()) return;
  Owned owned = found->second;
  owned_.erase(found);
  while (auto* node = owned.v4.first()) {
    const std::uint32_t key = node->key;
    const std::uint8_t length = node->length;
    owned.v4.erase(*node);
    v4_.erase(*node);
    v4_changed(key, length);
  }
  while (auto* node = owned.v6.first()) {
    owned.v6.erase(*node);
    v6_.erase(*node);
  }
}

template <typename Key>
Peer* AllowedIps::claim(PrefixTrie<Key>& trie, PrefixList<Key> Owned::*list, const Key& key,
                        std::uint8_t length, Peer* peer) {
  TrieNode<Key>& node = trie.find_or_insert(key, length);
  Peer* before = trie.set_owner(node, peer);
  if (before == peer) return before;
  if (before != nullptr) disown(list, node, before);
  (owned_[peer].*list).push_back(node);
  return before;
}

template <typename Key>
bool AllowedIps::release(PrefixTrie<Key>& trie, PrefixList<Key> Owned::*list, const Key& key,
                         std::uint8_t length, const Peer* peer) {
  TrieNode<Key>* node = trie.find(key, length);
  if (node == nullptr || node->peer.load(std::memory_order_relaxed) != peer) return false;
  disown(list, *node, peer);
  trie.erase(*node);
  return true;
}

template <typename Key>
void AllowedIps::disown(PrefixList<Key> Owned::*list, TrieNode<Key>& node, const Peer* peer) {
  const auto found = owned_.find(peer);
  (found->second.*list).erase(node);
  if (found->second.v4.empty() && found->second.v6.empty()) owned_.erase(found);
}

void AllowedIps::v4_changed(std::uint32_t key, std::uint8_t length) {
  V4RootTable* table = v4_root_table_.load(std::memory_order_relaxed);
  if (table == nullptr) {
    if (v4_.size() < kRootTableFrom) return;
    // Release: pairs with the acquire in lookup_v4().
    v4_root_table_.store(new V4RootTable(v4_), std::memory_order_release);
  } else if (v4_.size() < kNoRootTableBelow) {
    v4_root_table_.store(nullptr, std::memory_order_release);
    reclaimer_.retire(std::unique_ptr<V4RootTable>(table));
  } else {
    table->update(v4_, key, length);
  }
}

}  // namespace wring
