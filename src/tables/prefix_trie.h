// A path-compressed binary trie of prefixes that readers walk while one writer changes it.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/rcu.h"
#include "tables/trie_node.h"

namespace wring {

// The writer links a node by a release store, and readers follow links by acquire loads: a thread
// that sees a node sees its contents. Key and length of a node never change. A node that is
// unlinked keeps its children until all readers have passed, so a walk that is in it goes on as if
// it had come a moment earlier.
template <typename Key>
class PrefixTrie {
 public:
  using Node = TrieNode<Key>;

  explicit PrefixTrie(RcuReclaimer& reclaimer) : reclaimer_(reclaimer) {}
  PrefixTrie(const PrefixTrie&) = delete;
  PrefixTrie& operator=(const PrefixTrie&) = delete;
  ~PrefixTrie() { free_below(root_); }

  // The owner of the longest prefix that holds `address`. Any thread.
  [[nodiscard]] Peer* lookup(const Key& address) const {
    return lookup_from(root_.load(std::memory_order_acquire), address);
  }
  // As lookup(), among the prefixes at `node` and below. Any thread.
  [[nodiscard]] static Peer* lookup_from(const Node* node, const Key& address) {
    Peer* best = nullptr;
    while (node != nullptr && node->covers(address)) {
      if (Peer* peer = node->peer.load(std::memory_order_acquire); peer != nullptr) best = peer;
      node = node->child[address.bit_at(node->length)].load(std::memory_order_acquire);
    }
    return best;
  }

  // The rest is for the writer.

  // How many prefixes have an owner.
  [[nodiscard]] std::size_t size() const { return size_; }
  // Null where nobody owns exactly this prefix.
  [[nodiscard]] Node* find(const Key& key, std::uint8_t length);
  // The node of this prefix. It is made if it is not there. The caller gives it an owner at once.
  Node& find_or_insert(const Key& key, std::uint8_t length);
  // Gives the node to `peer` (not null) and returns the previous owner (null: it is new).
  Peer* set_owner(Node& node, Peer* peer);
  // Takes the node from its owner. It has one. The caller does not touch the node afterwards.
  void erase(Node& node);
  // The owner of the longest prefix shorter than `limit` that holds `address`.
  [[nodiscard]] Peer* lookup_shorter(const Key& address, unsigned limit) const;
  // The lowest node with at least 15 of 16 prefixes at or below it. There is at least one prefix.
  [[nodiscard]] const Node& dense_part() const;
  // The node above all others of at least `length` bits that share the first `length` with
  // `address`.
  [[nodiscard]] const Node* subtree(const Key& address, unsigned length) const;

 private:
  using Link = std::atomic<Node*>;

  // The writer alone changes links, so it may read them relaxed.
  static Node* get(const Link& link) { return link.load(std::memory_order_relaxed); }
  static void set(Link& link, Node* node) { link.store(node, std::memory_order_release); }
  static Link& toward(Node& node, const Key& key) { return node.child[key.bit_at(node.length)]; }
  void retire(Node& node) { reclaimer_.retire(std::unique_ptr<Node>(&node)); }
  static void free_below(const Link& link);
  // Counts the prefixes at `node` and below. Sets `found` to the lowest node that has at least
  // `wanted`, if `found` is null.
  static std::size_t count_below(const Node* node, std::size_t wanted, const Node*& found);

  RcuReclaimer& reclaimer_;
  Link root_{nullptr};
  std::size_t size_ = 0;
};

template <typename Key>
TrieNode<Key>* PrefixTrie<Key>::find(const Key& key, std::uint8_t length) {
  Node* node = get(root_);
  while (node != nullptr && node->length < length && node->covers(key)) {
    node = get(toward(*node, key));
  }
  const bool exact = node != nullptr && node->length == length && node->key == key;
  return exact && node->peer.load(std::memory_order_relaxed) != nullptr ? node : nullptr;
}

template <typename Key>
TrieNode<Key>& PrefixTrie<Key>::find_or_insert(const Key& key, std::uint8_t length) {
  Link* link = &root_;
  Node* below = get(*link);
  while (below != nullptr && below->length < length && below->covers(key)) {
    link = &toward(*below, key);
    below = get(*link);
  }
  if (below != nullptr && below->length == length && below->key == key) return *below;

  auto made = std::make_unique<Node>(key, length);
  Node& node = *made;
  if (below == nullptr) {
    set(*link, made.release());
    return node;
  }
  const unsigned shared = key.common_bits(below->key);
  if (shared >= length) {
    set(toward(node, below->key), below);
    set(*link, made.release());
    return node;
  }
  // The two prefixes differ before either ends, so a node that only branches comes above both.
  auto branch = std::make_unique<Node>(key.masked(shared), static_cast<std::uint8_t>(shared));
  set(toward(*branch, below->key), below);
  set(toward(*branch, key), made.release());
  set(*link, branch.release());
  return node;
}

template <typename Key>
Peer* PrefixTrie<Key>::set_owner(Node& node, Peer* peer) {
  assert(peer != nullptr);
  Peer* before = node.peer.load(std::memory_order_relaxed);
  if (before == nullptr) ++size_;
  node.peer.store(peer, std::memory_order_release);
  return before;
}

template <typename Key>
void PrefixTrie<Key>::erase(Node& node) {
  assert(node.peer.load(std::memory_order_relaxed) != nullptr && size_ != 0);
  node.peer.store(nullptr, std::memory_order_release);
  --size_;
  Link* parent_link = nullptr;
  Link* link = &root_;
  for (Node* step = get(*link); step != &node; step = get(*link)) {
    assert(step != nullptr && step->length < node.length && step->covers(node.key));
    parent_link = link;
    link = &toward(*step, node.key);
  }
  Node* const left = get(node.child[0]);
  Node* const right = get(node.child[1]);
  if (left != nullptr && right != nullptr) return;  // it stays as a branch

  Node* const rest = left != nullptr ? left : right;
  set(*link, rest);
  retire(node);
  if (rest != nullptr || parent_link == nullptr) return;
  // The parent lost a child. If it only branches, nobody needs it any more.
  Node& parent = *get(*parent_link);
  if (parent.peer.load(std::memory_order_relaxed) != nullptr) return;
  assert(get(parent.child[1 - node.key.bit_at(parent.length)]) != nullptr);
  set(*parent_link, get(parent.child[1 - node.key.bit_at(parent.length)]));
  retire(parent);
}

template <typename Key>
Peer* PrefixTrie<Key>::lookup_shorter(const Key& address, unsigned limit) const {
  Peer* best = nullptr;
  const Node* node = get(root_);
  while (node != nullptr && node->length < limit && node->covers(address)) {
    if (Peer* peer = node->peer.load(std::memory_order_relaxed); peer != nullptr) best = peer;
    node = get(node->child[address.bit_at(node->length)]);
  }
  return best;
}

template <typename Key>
const TrieNode<Key>* PrefixTrie<Key>::subtree(const Key& address, unsigned length) const {
  const Node* node = get(root_);
  while (node != nullptr && node->length < length && node->covers(address)) {
    node = get(node->child[address.bit_at(node->length)]);
  }
  if (node == nullptr || node->length < length) return nullptr;
  return node->key.common_bits(address) >= length ? node : nullptr;
}

template <typename Key>
const TrieNode<Key>& PrefixTrie<Key>::dense_part() const {
  const Node* found = nullptr;
  assert(size_ != 0);
  count_below(get(root_), size_ - size_ / 16, found);
  return *found;
}

template <typename Key>
std::size_t PrefixTrie<Key>::count_below(const Node* node, std::size_t wanted, const Node*& found) {
  if (node == nullptr) return 0;
  std::size_t count = node->peer.load(std::memory_order_relaxed) != nullptr ? 1 : 0;
  for (const Link& child : node->child)
    count += count_below(get(child), wanted, found);
  // All nodes that have more than half of the prefixes lie on one path. The recursion leaves the
  // lowest of them first.
  if (count >= wanted && found == nullptr) found = node;
  return count;
}

// Recursion goes as deep as the trie: at most 129 steps.
template <typename Key>
void PrefixTrie<Key>::free_below(const Link& link) {
  const std::unique_ptr<Node> node(get(link));
  if (node == nullptr) return;
  for (const Link& child : node->child)
    free_below(child);
}

}  // namespace wring
