// The end of a Poly1305 sum.
#include "crypto/poly1305_narrow.h"

#include <algorithm>

#include "crypto/narrow.h"

namespace wring {

[[WRING_NARROW]] void PolySum::finish(std::span<const std::uint8_t, 32> key, ByteSpan ciphertext,
                                      std::size_t done,
                                      std::span<std::uint8_t, kTagSize> tag) const {
  PolySum sum = *this;  // in registers
  const std::size_t size = ciphertext.size();
  for (; done + kPolyBlock <= size; done += kPolyBlock)
    sum.add(ciphertext.data() + done);
  if (done < size) {
    Bytes<kPolyBlock> last{};
    std::copy(ciphertext.begin() + static_cast<std::ptrdiff_t>(done), ciphertext.end(),
              last.begin());
    sum.add(last.data());
  }
  // RFC 8439, 2.8: the last block holds two lengths. That of the associated data is zero.
  sum.add(0, size);
  sum.reduce(key, tag);
}

// h modulo 2^130 - 5, plus the second half of the key, modulo 2^128.
void PolySum::reduce(std::span<const std::uint8_t, 32> key,
                     std::span<std::uint8_t, kTagSize> tag) const {
  // h + 5 reaches 2^130 where h is not below the modulus; then the rest is the result.
  Words rest{h0_, h1_, h2_};
  add_to(rest, 5);
  const std::uint64_t mask = 0 - std::uint64_t{rest.high >> 2 != 0};
  Words result{(h0_ & ~mask) | (rest.low & mask), (h1_ & ~mask) | (rest.middle & mask)};
  add_to(result, load<std::uint64_t>(key, 16), load<std::uint64_t>(key, 24));
  store(tag, result.low);
  store(tag, result.middle, 8);
}

}  // namespace wring
