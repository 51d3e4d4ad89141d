// Goes through the options once.
#include "stack/sack_blocks.h"

namespace wring::stack {
namespace {

constexpr std::uint8_t kEndOfOptions = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kSack = 5;

}  // namespace

SackBlocks SackBlocks::parse(ByteSpan options) {
  SackBlocks found;
  while (!options.empty() && options[0] != kEndOfOptions) {
    if (options[0] == kNoOperation) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) break;
    const ByteSpan option = options.first(options[1]);
    options = options.subspan(option.size());
    if (option[0] != kSack) continue;
    constexpr std::size_t kBlock = 8;
    for (std::size_t at = 2; at + kBlock <= option.size(); at += kBlock) {
      const SequenceRange block{load<Be<std::uint32_t>>(option, at),
                                load<Be<std::uint32_t>>(option, at + 4)};
      if (precedes(block.begin, block.end)) found.add(block);
    }
  }
  return found;
}

std::optional<SequenceRange> SackBlocks::duplicate(std::uint32_t acknowledged) const {
  if (count_ == 0) return std::nullopt;
  const SequenceRange first = blocks_[0];
  if (!precedes(acknowledged, first.end)) return first;
  if (count_ > 1 && !precedes(first.begin, blocks_[1].begin) &&
      !precedes(blocks_[1].end, first.end)) {
    return first;
  }
  return std::nullopt;
}

}  // namespace wring::stack
