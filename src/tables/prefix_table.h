// The prefixes of one IP version: a trie, and a root table in front of it while they are many.
#pragma once

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/rcu.h"
#include "ip/prefix_key.h"
#include "tables/prefix_trie.h"
#include "tables/root_table.h"

namespace wring {

// Threads: one writer. Any thread may call lookup().
template <typename Key>
class PrefixTable {
 public:
  using Node = TrieNode<Key>;

  // `reclaimer` outlives this object.
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

  // How many prefixes have an owner.
  [[nodiscard]] std::size_t size() const { return trie_.size(); }
  // Null where nobody owns exactly this prefix.
  [[nodiscard]] Node* find(const Key& key, std::uint8_t length) { return trie_.find(key, length); }
  // Gives the prefix to `peer`. Returns its node, and the previous owner (null: it is new).
  std::pair<Node&, Peer*> insert(const Key& key, std::uint8_t length, Peer* peer) {
    Node& node = trie_.find_or_insert(key, length);
    Peer* before = trie_.set_owner(node, peer);
    if (before != peer) changed(key, length, before == nullptr);
    return {node, before};
  }
  // Takes the node from its owner. The caller does not touch it afterwards.
  void erase(Node& node) {
    const Key key = node.key;
    const std::uint8_t length = node.length;
    trie_.erase(node);
    changed(key, length, false);
  }

  // Between these two the root table is kept exact but is not made, replaced or dropped: a list of
  // thousands of prefixes would pay for that several times.
  void begin_change() {
    assert(!changing_);
    changing_ = true;
  }
  void end_change() {
    assert(changing_);
    changing_ = false;
    settle();
  }

 private:
  using Root = RootTable<Key>;

  // From this size on the trie is deep enough that a root table of one megabyte pays. It goes again
  // only far below, so that a table whose size varies a little does not make one again and again.
  static constexpr std::size_t kRootTableFrom = 256;
  static constexpr std::size_t kNoRootTableBelow = 64;

  void changed(const Key& key, std::uint8_t length, bool is_new) {
    Root* table = root_table_.load(std::memory_order_relaxed);
    if (table != nullptr && !table->update(trie_, key, length) && is_new) ++outside_;
    if (!changing_) settle();
  }
  // Makes, replaces or drops the root table, if that is due.
  void settle() {
    const bool there = root_table_.load(std::memory_order_relaxed) != nullptr;
    if (there && trie_.size() < kNoRootTableBelow) {
      replace(nullptr);
    } else if (there ? has_outgrown() : trie_.size() >= kRootTableFrom) {
      replace(std::make_unique<Root>(trie_));
    }
  }
  // True if another base would serve better: many prefixes came that lie outside the base, or there
  // are so many more or fewer that they may share another one. That is so seldom that making the
  // table costs little for each prefix.
  [[nodiscard]] bool has_outgrown() const {
    const std::size_t size = trie_.size();
    return outside_ > size / 8 || size > 4 * size_when_made_ || size < size_when_made_ / 4;
  }
  void replace(std::unique_ptr<Root> table) {
    outside_ = 0;
    size_when_made_ = trie_.size();
    // Release: pairs with the acquire in lookup().
    std::unique_ptr<Root> old(root_table_.exchange(table.release(), std::memory_order_acq_rel));
    reclaimer_.retire(std::move(old));
  }

  RcuReclaimer& reclaimer_;
  PrefixTrie<Key> trie_;
  // Null while a walk from the trie's root is short enough.
  std::atomic<Root*> root_table_{nullptr};
  std::size_t outside_ = 0;         // prefixes that came after the table was made and are not in it
  std::size_t size_when_made_ = 0;  // of the trie
  bool changing_ = false;
};

}  // namespace wring
