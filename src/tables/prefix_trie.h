// A path-compressed binary trie of prefixes that readers walk while one writer changes it.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.h"
#include "base/rcu.h"

namespace wring {

struct Peer;

// The bits of an address from the left, as keys of the trie: a number for version 4, two for
// version 6.
struct V6Key {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const V6Key&, const V6Key&) = default;
};

inline std::uint32_t v4_key(ByteSpan address) {
  return load<Be<std::uint32_t>>(address);
}
inline V6Key v6_key(ByteSpan address) {
  return {load<Be<std::uint64_t>>(address, 0), load<Be<std::uint64_t>>(address, 8)};
}
inline Bytes<4> v4_bytes(std::uint32_t key) {
  return std::bit_cast<Bytes<4>>(Be<std::uint32_t>(key));
}
inline Bytes<16> v6_bytes(const V6Key& key) {
  return std::bit_cast<Bytes<16>>(std::array<Be<std::uint64_t>, 2>{key.high, key.low});
}

// How many bits from the left two keys share.
constexpr unsigned common_bits(std::uint32_t a, std::uint32_t b) {
  return static_cast<unsigned>(std::countl_zero(a ^ b));
}
constexpr unsigned common_bits(const V6Key& a, const V6Key& b) {
  if (a.high != b.high) return static_cast<unsigned>(std::countl_zero(a.high ^ b.high));
  return 64 + static_cast<unsigned>(std::countl_zero(a.low ^ b.low));
}
// Bit `i` from the left; 0 past the end, where a full-length node has no children anyway.
constexpr unsigned bit_at(std::uint32_t key, unsigned i) {
  return i < 32 ? key >> (31 - i) & 1 : 0;
}
constexpr unsigned bit_at(const V6Key& key, unsigned i) {
  if (i >= 128) return 0;
  const std::uint64_t half = i < 64 ? key.high : key.low;
  return static_cast<unsigned>(half >> (63 - i % 64) & 1);
}
// The first `length` bits.
constexpr std::uint32_t masked(std::uint32_t key, unsigned length) {
  return length == 0 ? 0 : key & ~std::uint32_t{0} << (32 - length);
}
constexpr V6Key masked(const V6Key& key, unsigned length) {
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  if (length == 0) return {};
  if (length <= 64) return {key.high & kAll << (64 - length), 0};
  return {key.high, key.low & kAll << (128 - length)};
}

// 48 bytes for version 4 and 64 for version 6, the part that readers need first.
template <typename Key>
struct TrieNode {
  TrieNode(const Key& its_key, std::uint8_t its_length) : key(its_key), length(its_length) {}

  [[nodiscard]] bool covers(const Key& address) const {
    return common_bits(key, address) >= length;
  }

  std::array<std::atomic<TrieNode*>, 2> child{};
  std::atomic<Peer*> peer{nullptr};  // null in a node that only branches: it has two children
  const Key key;                     // no bit past `length`
  const std::uint8_t length;
  // The place in the list of the peer's prefixes; the writer's alone.
  TrieNode* previous = nullptr;
  TrieNode* next = nullptr;
};

// The prefixes of one peer, linked through their nodes. The writer's alone.
template <typename Key>
class PrefixList {
 public:
  using Node = TrieNode<Key>;

  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] Node* first() const { return first_; }
  void push_back(Node& node) {
    node.previous = last_;
    node.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &node;
    last_ = &node;
  }
  void erase(Node& node) {
    (node.previous == nullptr ? first_ : node.previous->next) = node.next;
    (node.next == nullptr ? last_ : node.next->previous) = node.previous;
  }
  template <typename F>
  void for_each(F f) const {
    for (const Node* node = first_; node != nullptr; node = node->next)
      f(node->key, node->length);
  }

 private:
  Node* first_ = nullptr;
  Node* last_ = nullptr;
};

// Nodes are linked by release stores and followed by acquire loads: whoever sees a node sees its
// contents. Key and length of a node never change; one that is unlinked keeps its children until
// its readers have passed, so that a walk in it goes on as if it had come a moment earlier.
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
      node = node->child[bit_at(address, node->length)].load(std::memory_order_acquire);
    }
    return best;
  }

  // The rest is for the writer.

  // How many prefixes have an owner.
  [[nodiscard]] std::size_t size() const { return size_; }
  // Null where nobody owns exactly this prefix.
  [[nodiscard]] Node* find(const Key& key, std::uint8_t length);
  // The node of this prefix, made if need be; to be given an owner at once.
  Node& find_or_insert(const Key& key, std::uint8_t length);
  // Gives the node to `peer` and returns the previous owner (null: it is new).
  Peer* set_owner(Node& node, Peer* peer);
  // Takes the node from its owner. It is not to be touched afterwards.
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
  static Link& toward(Node& node, const Key& key) { return node.child[bit_at(key, node.length)]; }
  void retire(Node& node) { reclaimer_.retire(std::unique_ptr<Node>(&node)); }
  static void free_below(const Link& link);
  // How many prefixes there are at `node` and below; `found` becomes the lowest that has as many as
  // `wanted`.
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
  const unsigned shared = common_bits(key, below->key);
  if (shared >= length) {
    set(toward(node, below->key), below);
    set(*link, made.release());
    return node;
  }
  // The two part before either ends: a node that only branches comes above both.
  auto branch = std::make_unique<Node>(masked(key, shared), static_cast<std::uint8_t>(shared));
  set(toward(*branch, below->key), below);
  set(toward(*branch, key), made.release());
  set(*link, branch.release());
  return node;
}

template <typename Key>
Peer* PrefixTrie<Key>::set_owner(Node& node, Peer* peer) {
  Peer* before = node.peer.load(std::memory_order_relaxed);
  if (before == nullptr) ++size_;
  node.peer.store(peer, std::memory_order_release);
  return before;
}

template <typename Key>
void PrefixTrie<Key>::erase(Node& node) {
  node.peer.store(nullptr, std::memory_order_release);
  --size_;
  Link* parent_link = nullptr;
  Link* link = &root_;
  for (Node* step = get(*link); step != &node; step = get(*link)) {
    parent_link = link;
    link = &toward(*step, node.key);
  }
  Node* const left = get(node.child[0]);
  Node* const right = get(node.child[1]);
  if (left != nullptr && right != nullptr) return;  // it goes on as a branch

  Node* const rest = left != nullptr ? left : right;
  set(*link, rest);
  retire(node);
  if (rest != nullptr || parent_link == nullptr) return;
  // The parent lost a child; if it only branches, it is no longer needed.
  Node& parent = *get(*parent_link);
  if (parent.peer.load(std::memory_order_relaxed) != nullptr) return;
  set(*parent_link, get(parent.child[1 - bit_at(node.key, parent.length)]));
  retire(parent);
}

template <typename Key>
Peer* PrefixTrie<Key>::lookup_shorter(const Key& address, unsigned limit) const {
  Peer* best = nullptr;
  const Node* node = get(root_);
  while (node != nullptr && node->length < limit && node->covers(address)) {
    if (Peer* peer = node->peer.load(std::memory_order_relaxed); peer != nullptr) best = peer;
    node = get(node->child[bit_at(address, node->length)]);
  }
  return best;
}

template <typename Key>
const TrieNode<Key>* PrefixTrie<Key>::subtree(const Key& address, unsigned length) const {
  const Node* node = get(root_);
  while (node != nullptr && node->length < length && node->covers(address)) {
    node = get(node->child[bit_at(address, node->length)]);
  }
  if (node == nullptr || node->length < length) return nullptr;
  return common_bits(node->key, address) >= length ? node : nullptr;
}

template <typename Key>
const TrieNode<Key>& PrefixTrie<Key>::dense_part() const {
  const Node* found = nullptr;
  count_below(get(root_), size_ - size_ / 16, found);
  return *found;
}

template <typename Key>
std::size_t PrefixTrie<Key>::count_below(const Node* node, std::size_t wanted, const Node*& found) {
  if (node == nullptr) return 0;
  std::size_t count = node->peer.load(std::memory_order_relaxed) != nullptr ? 1 : 0;
  for (const Link& child : node->child)
    count += count_below(get(child), wanted, found);
  // Nodes with more than half of all stand on one path, and the lowest of them is left first.
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
