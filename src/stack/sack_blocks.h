// The selective acknowledgements of a segment (RFC 2018, RFC 2883).
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "base/bytes.h"
#include "stack/sequence.h"

namespace wring::stack {

// Pure.
class SackBlocks {
 public:
  static constexpr std::size_t kMost = 4;  // 40 bytes of options have room for no more

  // From the options of a segment, whatever they are. Blocks that are empty or turned round are
  // left out, and so is all behind an option that is cut off.
  static SackBlocks parse(ByteSpan options);

  [[nodiscard]] const SequenceRange* begin() const { return blocks_.data(); }
  [[nodiscard]] const SequenceRange* end() const { return blocks_.data() + count_; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  void add(SequenceRange block) {
    if (count_ < kMost) blocks_[count_++] = block;
  }
  // What has come twice, if the first block says so (RFC 2883, 4): it lies below the number that is
  // acknowledged, or within the second block.
  [[nodiscard]] std::optional<SequenceRange> duplicate(std::uint32_t acknowledged) const;

 private:
  std::array<SequenceRange, kMost> blocks_{};
  std::size_t count_ = 0;
};

}  // namespace wring::stack
