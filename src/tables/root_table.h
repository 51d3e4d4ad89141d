// Takes sixteen bits of a look-up in one step, once there are many prefixes.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tables/prefix_trie.h"

namespace wring {

// Indexes the 16 bits that follow a common base prefix. The base is the longest prefix that nearly
// all entries share: often the network that peers are numbered from, possibly empty. Each slot
// holds the node of the trie where its prefixes begin, and the owner of the longest shorter prefix
// that covers it. Addresses outside the base use the trie directly. A change of one prefix changes
// only one of the two words of a slot, so readers never see them disagree. It takes one megabyte.
template <typename Key>
class RootTable {
 public:
  using Trie = PrefixTrie<Key>;
  using Node = TrieNode<Key>;

  explicit RootTable(const Trie& trie) {
    const Node& base = trie.dense_part();
    base_length_ = std::min<unsigned>(base.length, Key::kBits - kBits);
    base_ = base.key.masked(base_length_);
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      set_subtree(trie, slot);
      set_fallback(trie, slot);
    }
  }

  // True if the address is within the base. Any thread, by the trie's rules on readers.
  [[nodiscard]] bool holds(const Key& address) const {
    return base_.common_bits(address) >= base_length_;
  }
  // For an address that it holds. Any thread, by the same rules.
  [[nodiscard]] Peer* lookup(const Key& address) const {
    const Slot& slot = slots_[address.sixteen_bits(base_length_)];
    Peer* peer = Trie::lookup_from(slot.subtree.load(std::memory_order_acquire), address);
    return peer != nullptr ? peer : slot.fallback.load(std::memory_order_acquire);
  }

  // The writer calls this after every change of a prefix in the trie. Returns false if the prefix
  // is neither within the base nor covers it.
  bool update(const Trie& trie, const Key& key, unsigned length) {
    const unsigned shared = base_.common_bits(key);
    if (shared < std::min(base_length_, length)) return false;
    if (length >= base_length_ + kBits) {
      set_subtree(trie, key.sixteen_bits(base_length_));
      return true;
    }
    const unsigned depth = length > base_length_ ? length - base_length_ : 0;
    const std::uint32_t first = depth == 0 ? 0 : key.sixteen_bits(base_length_);
    const std::uint32_t count = std::uint32_t{1} << (kBits - depth);
    for (std::uint32_t slot = first; slot < first + count; ++slot)
      set_fallback(trie, slot);
    return true;
  }

 private:
  static constexpr unsigned kBits = 16;
  struct Slot {
    std::atomic<const Node*> subtree{nullptr};
    std::atomic<Peer*> fallback{nullptr};
  };

  [[nodiscard]] Key key_of(std::uint32_t slot) const {
    return base_.joined(Key::of_sixteen_bits(slot, base_length_));
  }
  void set_subtree(const Trie& trie, std::uint32_t slot) {
    slots_[slot].subtree.store(trie.subtree(key_of(slot), base_length_ + kBits),
                               std::memory_order_release);
  }
  void set_fallback(const Trie& trie, std::uint32_t slot) {
    slots_[slot].fallback.store(trie.lookup_shorter(key_of(slot), base_length_ + kBits),
                                std::memory_order_release);
  }

  Key base_{};
  unsigned base_length_ = 0;
  std::array<Slot, std::size_t{1} << kBits> slots_;
};

}  // namespace wring
