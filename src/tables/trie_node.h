// One prefix in the trie, and the list that links the prefixes of one peer.
#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <cstdint>

namespace wring {

struct Peer;

// 48 bytes for version 4 and 64 for version 6. What readers need comes first.
template <typename Key>
struct TrieNode {
  TrieNode(const Key& its_key, std::uint8_t its_length) : key(its_key), length(its_length) {}

  [[nodiscard]] bool covers(const Key& address) const { return key.common_bits(address) >= length; }

  std::array<std::atomic<TrieNode*>, 2> child{};
  std::atomic<Peer*> peer{nullptr};  // null in a node that only branches: it has two children
  const Key key;                     // no bit is set past `length`
  const std::uint8_t length;

  // The rest belongs to the writer. Readers do not look at it.

  // The peer has given the prefix up, and keeps it until the change under way ends.
  bool leaving = false;
  // The place in the list that the node is in.
  TrieNode* previous = nullptr;
  TrieNode* next = nullptr;
};

// A list of prefixes, linked through their nodes. A node is in one list at most. Writer only.
template <typename Key>
class PrefixList {
 public:
  using Node = TrieNode<Key>;

  [[nodiscard]] bool empty() const { return first_ == nullptr; }
  [[nodiscard]] Node* first() const { return first_; }
  // `node` is in no list.
  void push_back(Node& node) {
    assert(node.previous == nullptr && node.next == nullptr && first_ != &node);
    node.previous = last_;
    if (last_ == nullptr) {
      first_ = &node;
    } else {
      last_->next = &node;
    }
    last_ = &node;
  }
  // `node` is in this list.
  void erase(Node& node) {
    assert(node.previous == nullptr ? first_ == &node : node.previous->next == &node);
    assert(node.next == nullptr ? last_ == &node : node.next->previous == &node);
    if (node.previous == nullptr) {
      first_ = node.next;
    } else {
      node.previous->next = node.next;
    }
    if (node.next == nullptr) {
      last_ = node.previous;
    } else {
      node.next->previous = node.previous;
    }
    node.previous = node.next = nullptr;
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

}  // namespace wring
