// Sixteen bits of a lookup in one step, once there are many prefixes.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tables/prefix_trie.h"

namespace wring {

// Sixteen bits of a key from bit `from` on, counted from the left.
constexpr std::uint32_t sixteen_bits(std::uint32_t key, unsigned from) {
  return key << from >> 16;
}
constexpr std::uint32_t sixteen_bits(const V6Key& key, unsigned from) {
  if (from >= 64) return static_cast<std::uint32_t>(key.low << (from - 64) >> 48);
  const std::uint64_t carried = from == 0 ? 0 : key.low >> (64 - from);
  return static_cast<std::uint32_t>((key.high << from | carried) >> 48);
}
// The key whose bits `from` to `from + 15` are these and all others zero.
constexpr std::uint32_t key_of_bits(std::uint32_t bits, unsigned from, std::uint32_t /*kind*/) {
  return bits << 16 >> from;
}
constexpr V6Key key_of_bits(std::uint32_t bits, unsigned from, const V6Key& /*kind*/) {
  const std::uint64_t top = std::uint64_t{bits} << 48;
  if (from >= 64) return {0, top >> (from - 64)};
  return {top >> from, from == 0 ? 0 : top << (64 - from)};
}
constexpr std::uint32_t joined(std::uint32_t a, std::uint32_t b) {
  return a | b;
}
constexpr V6Key joined(const V6Key& a, const V6Key& b) {
  return {a.high | b.high, a.low | b.low};
}

// The base is what nearly all prefixes have in common: nothing, or the network that peers get their
// addresses from. For addresses within the base there is one slot for each value of the sixteen
// bits that follow it: where in the trie the prefixes of that slot begin, and who owns the longest
// shorter one that covers it. Other addresses are left to the trie. A change of one prefix changes
// only one of the two words of a slot, so readers never see them disagree. One megabyte.
template <typename Key>
class RootTable {
 public:
  using Trie = PrefixTrie<Key>;
  using Node = TrieNode<Key>;

  explicit RootTable(const Trie& trie) {
    const Node& base = trie.dense_part();
    base_length_ = std::min<unsigned>(base.length, 8 * sizeof(Key) - kBits);
    base_ = masked(base.key, base_length_);
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      set_subtree(trie, slot);
      set_fallback(trie, slot);
    }
  }

  // Any thread; the trie's rules on readers hold.
  [[nodiscard]] bool holds(const Key& address) const {
    return common_bits(base_, address) >= base_length_;
  }
  // For an address that it holds.
  [[nodiscard]] Peer* lookup(const Key& address) const {
    const Slot& slot = slots_[sixteen_bits(address, base_length_)];
    Peer* peer = Trie::lookup_from(slot.subtree.load(std::memory_order_acquire), address);
    return peer != nullptr ? peer : slot.fallback.load(std::memory_order_acquire);
  }

  // To be called by the writer after every change of the prefix in the trie. False if the prefix is
  // neither within the base nor covers it.
  bool update(const Trie& trie, const Key& key, unsigned length) {
    const unsigned shared = common_bits(base_, key);
    if (shared < std::min(base_length_, length)) return false;
    if (length >= base_length_ + kBits) {
      set_subtree(trie, sixteen_bits(key, base_length_));
      return true;
    }
    const unsigned depth = length > base_length_ ? length - base_length_ : 0;
    const std::uint32_t first = depth == 0 ? 0 : sixteen_bits(key, base_length_);
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
    return joined(base_, key_of_bits(slot, base_length_, Key{}));
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
