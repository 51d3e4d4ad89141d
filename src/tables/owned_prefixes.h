// The prefixes of one IP version: the table that readers search, and the list of each peer.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "base/rcu.h"
#include "tables/prefix_table.h"

namespace wring {

// Threads: one writer; any thread may call lookup(). Everything else is for the writer.
template <typename Key>
class OwnedPrefixes {
 public:
  // `reclaimer` outlives this object.
  explicit OwnedPrefixes(RcuReclaimer& reclaimer) : table_(reclaimer) {}
  OwnedPrefixes(const OwnedPrefixes&) = delete;
  OwnedPrefixes& operator=(const OwnedPrefixes&) = delete;

  // The owner of the longest prefix that holds the address, or null.
  [[nodiscard]] Peer* lookup(const Key& address) const { return table_.lookup(address); }

  // How many prefixes have an owner.
  [[nodiscard]] std::size_t size() const { return table_.size(); }

  // See AllowedIps for these.
  Peer* insert(const Key& key, std::uint8_t length, Peer* peer);
  bool remove(const Key& key, std::uint8_t length, const Peer* peer);
  void clear(const Peer* peer);
  void remove_all(const Peer* peer);
  template <typename F>
  void for_each(const Peer* peer, F f) const;

  void begin_change();
  void end_change();

 private:
  using Node = TrieNode<Key>;

  void unlist(Node& node, const Peer* peer);
  void give_up(Node& node);
  void erase_leaving();

  PrefixTable<Key> table_;
  std::unordered_map<const Peer*, PrefixList<Key>> lists_;  // no list is empty
  // Given up in the change under way. Each still has its last owner in the table.
  PrefixList<Key> leaving_;
  bool changing_ = false;
};

template <typename Key>
Peer* OwnedPrefixes<Key>::insert(const Key& key, std::uint8_t length, Peer* peer) {
  assert(peer != nullptr);
  const auto [node, in_table] = table_.insert(key, length, peer);
  Peer* before = in_table;
  if (node.leaving) {
    leaving_.erase(node);
    node.leaving = false;
    before = nullptr;
  } else if (before == peer) {
    // It comes last now, as in the kernel's list.
    PrefixList<Key>& list = lists_.find(peer)->second;
    list.erase(node);
    list.push_back(node);
    return before;
  } else if (before != nullptr) {
    unlist(node, before);
  }
  lists_[peer].push_back(node);
  return before;
}

template <typename Key>
bool OwnedPrefixes<Key>::remove(const Key& key, std::uint8_t length, const Peer* peer) {
  Node* node = table_.find(key, length);
  if (node == nullptr || node->leaving) return false;
  if (node->peer.load(std::memory_order_relaxed) != peer) return false;
  unlist(*node, peer);
  give_up(*node);
  return true;
}

template <typename Key>
void OwnedPrefixes<Key>::clear(const Peer* peer) {
  const auto found = lists_.find(peer);
  if (found == lists_.end()) return;
  PrefixList<Key> list = found->second;
  lists_.erase(found);
  while (Node* node = list.first()) {
    list.erase(*node);
    give_up(*node);
  }
}

template <typename Key>
void OwnedPrefixes<Key>::remove_all(const Peer* peer) {
  clear(peer);
  erase_leaving();
}

template <typename Key>
template <typename F>
void OwnedPrefixes<Key>::for_each(const Peer* peer, F f) const {
  const auto found = lists_.find(peer);
  if (found != lists_.end()) found->second.for_each(f);
}

template <typename Key>
void OwnedPrefixes<Key>::begin_change() {
  assert(!changing_ && leaving_.empty());
  changing_ = true;
  table_.begin_change();
}

template <typename Key>
void OwnedPrefixes<Key>::end_change() {
  assert(changing_);
  erase_leaving();
  changing_ = false;
  table_.end_change();
}

// `node` is in the list of `peer`.
template <typename Key>
void OwnedPrefixes<Key>::unlist(Node& node, const Peer* peer) {
  const auto found = lists_.find(peer);
  assert(found != lists_.end());
  found->second.erase(node);
  if (found->second.empty()) lists_.erase(found);
}

// Nobody lists the node any more. It goes now, or when the change ends.
template <typename Key>
void OwnedPrefixes<Key>::give_up(Node& node) {
  assert(!node.leaving);
  if (!changing_) return table_.erase(node);
  node.leaving = true;
  leaving_.push_back(node);
}

template <typename Key>
void OwnedPrefixes<Key>::erase_leaving() {
  while (Node* node = leaving_.first()) {
    leaving_.erase(*node);
    node->leaving = false;
    table_.erase(*node);
  }
}

}  // namespace wring
