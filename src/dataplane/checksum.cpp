#include "dataplane/checksum.h"

namespace wring {

void InternetChecksum::add(ByteSpan bytes) {
  std::size_t at = 0;
  // A 32-bit word counts as its two halves: 2^16 is congruent to 1. The 64-bit sum cannot overflow
  // over any packet.
  for (; at + 4 <= bytes.size(); at += 4)
    sum_ += load<Be<std::uint32_t>>(bytes, at);
  if (at + 2 <= bytes.size()) {
    sum_ += load<Be<std::uint16_t>>(bytes, at);
    at += 2;
  }
  if (at < bytes.size()) sum_ += std::uint64_t{bytes[at]} << 8;
}

std::uint16_t InternetChecksum::value() const {
  std::uint64_t sum = sum_;
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint16_t internet_checksum(ByteSpan bytes) {
  InternetChecksum sum;
  sum.add(bytes);
  return sum.value();
}

}  // namespace wring
