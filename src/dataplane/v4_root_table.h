// The first 16 bits of an IPv4 lookup in one step, once there are many prefixes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/prefix_trie.h"

namespace wring {

// One slot for each value of an address's first 16 bits: where in the trie the prefixes of 16 bits
// and more of that slot begin, and who owns the longest shorter one that covers it. A change of one
// prefix changes only one of the two words of a slot, so readers never see them disagree. One
// megabyte.
class V4RootTable {
 public:
  using Trie = PrefixTrie<std::uint32_t>;

  explicit V4RootTable(const Trie& trie);

  // Any thread; the trie's rules on readers hold.
  [[nodiscard]] Peer* lookup(std::uint32_t address) const {
    const Slot& slot = slots_[address >> 16];
    Peer* peer = Trie::lookup_from(slot.subtree.load(std::memory_order_acquire), address);
    return peer != nullptr ? peer : slot.fallback.load(std::memory_order_acquire);
  }
  // To be called by the writer after every change of the prefix in the trie.
  void update(const Trie& trie, std::uint32_t key, std::uint8_t length);

 private:
  static constexpr unsigned kBits = 16;
  struct Slot {
    std::atomic<const Trie::Node*> subtree{nullptr};
    std::atomic<Peer*> fallback{nullptr};
  };
  std::array<Slot, std::size_t{1} << kBits> slots_;
};

}  // namespace wring
