// Memory for the duration of a batch. Allocations stay where they are until clear(), which keeps
// the blocks for the next batch.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace wring {

class SegmentArena {
 public:
  static constexpr std::size_t kBlockSize = 1 << 20;

  // At most kBlockSize bytes, not initialised.
  MutByteSpan allocate(std::size_t size) {
    assert(size <= kBlockSize);
    if (used_ + size > kBlockSize || blocks_.empty()) next_block();
    const MutByteSpan bytes(blocks_[block_].get() + used_, size);
    used_ += size;
    return bytes;
  }
  // Frees all allocations at once.
  void clear() {
    block_ = 0;
    used_ = 0;
  }

 private:
  void next_block() {
    if (!blocks_.empty()) ++block_;
    if (block_ == blocks_.size()) {
      blocks_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(kBlockSize));
    }
    used_ = 0;
  }

  std::vector<std::unique_ptr<std::uint8_t[]>> blocks_;
  std::size_t block_ = 0;
  std::size_t used_ = 0;
};

}  // namespace wring
