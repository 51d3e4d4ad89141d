#include "dataplane/v4_root_table.h"

namespace wring {

V4RootTable::V4RootTable(const Trie& trie) {
  update(trie, 0, 0);
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
    update(trie, slot << kBits, kBits);
}

void V4RootTable::update(const Trie& trie, std::uint32_t key, std::uint8_t length) {
  const std::uint32_t first = key >> kBits;
  if (length >= kBits) {
    slots_[first].subtree.store(trie.subtree(key, kBits), std::memory_order_release);
    return;
  }
  const std::uint32_t count = std::uint32_t{1} << (kBits - length);
  for (std::uint32_t slot = first; slot < first + count; ++slot) {
    slots_[slot].fallback.store(trie.lookup_shorter(slot << kBits, kBits),
                                std::memory_order_release);
  }
}

}  // namespace wring
