// The prefixes of one IP version: a trie, and a root table in front of it while they are many.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/rcu.h"
#include "tables/prefix_trie.h"
#include "tables/root_table.h"

namespace wring {

// Threads as in PrefixTrie: one writer; any thread looks up.
template <typename Key>
class PrefixTable {
 public:
  using Node = TrieNode<Key>;

  explicit PrefixTable(RcuReclaimer& reclaimer) : reclaimer_(reclaimer), trie_(reclaimer) {}
  PrefixTable(const PrefixTable&) = delete;
  PrefixTable& operator=(const PrefixTable&) = delete;
  ~PrefixTable() { delete root_table_.load(std::memory_order_relaxed); }

  [[nodiscard]] Peer* lookup(const Key& address) const {
    // Acquire: the table's slots are filled before it is published.
    const Root* table = root_table_.load(std::memory_order_acquire);
    return table != nullptr && table->holds(address) ? table->lookup(address)
                                                     : trie_.lookup(address);
  }

  // The rest is for the writer.

  [[nodiscard]] std::size_t size() const { return trie_.size(); }
  [[nodiscard]] Node* find(const Key& key, std::uint8_t length) { return trie_.find(key, length); }
  // Gives the prefix to `peer`; returns its node, and the previous owner (null: it is new).
  std::pair<Node&, Peer*> insert(const Key& key, std::uint8_t length, Peer* peer) {
    Node& node = trie_.find_or_insert(key, length);
    Peer* before = trie_.set_owner(node, peer);
    if (before != peer) changed(key, length, before == nullptr);
    return {node, before};
  }
  // Takes the node from its owner. It is not to be touched afterwards.
  void erase(Node& node) {
    const Key key = node.key;
    const std::uint8_t length = node.length;
    trie_.erase(node);
    changed(key, length, false);
  }

 private:
  using Root = RootTable<Key>;

  // From here on the trie is deep enough that a megabyte pays; it goes again only far below, so
  // that a table at the edge does not swing.
  static constexpr std::size_t kRootTableFrom = 256;
  static constexpr std::size_t kNoRootTableBelow = 64;

  void changed(const Key& key, std::uint8_t length, bool is_new) {
    Root* table = root_table_.load(std::memory_order_relaxed);
    if (table == nullptr) {
      if (size() >= kRootTableFrom) replace(std::make_unique<Root>(trie_));
    } else if (size() < kNoRootTableBelow) {
      replace(nullptr);
    } else {
      if (!table->update(trie_, key, length) && is_new) ++outside_;
      if (has_outgrown()) replace(std::make_unique<Root>(trie_));
    }
  }
  // Another base would serve better: a part of the prefixes came to lie outside, or there are so
  // many more or fewer that they may have something else in common. Made anew so seldom that it
  // costs little for each prefix.
  [[nodiscard]] bool has_outgrown() const {
    return outside_ > size() / 8 || size() > 4 * size_when_made_ || size() < size_when_made_ / 4;
  }
  void replace(std::unique_ptr<Root> table) {
    outside_ = 0;
    size_when_made_ = size();
    // Release: pairs with the acquire in lookup().
    std::unique_ptr<Root> old(root_table_.exchange(table.release(), std::memory_order_acq_rel));
    reclaimer_.retire(std::move(old));
  }

  RcuReclaimer& reclaimer_;
  PrefixTrie<Key> trie_;
  // Null while a walk from the trie's root is short enough anyway.
  std::atomic<Root*> root_table_{nullptr};
  std::size_t outside_ = 0;         // prefixes that came since the table was made and are not in it
  std::size_t size_when_made_ = 0;  // of the trie
};

}  // namespace wring
