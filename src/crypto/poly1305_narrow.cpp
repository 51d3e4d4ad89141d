// Poly1305 of one packet in two limbs of 64 bits and a small third one.
#include "crypto/poly1305_narrow.h"

#include <algorithm>
#include <array>

namespace wring {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::size_t kPolyBlock = 16;

std::uint64_t upper(Wide x) {
  return static_cast<std::uint64_t>(x >> 64);
}

// A number h and a multiplier r. h stays below 2^130 + 2^66: h2 is at most 4.
class Sum {
 public:
  // RFC 8439, 2.5: some bits of the multiplier are cleared. So its upper word is a multiple of
  // four, and 5/4 of it is what a product past 2^130 comes back with.
  explicit Sum(std::span<const std::uint8_t, 32> key)
      : r0_(load<std::uint64_t>(key) & 0x0ffffffc0fffffff),
        r1_(load<std::uint64_t>(key, 8) & 0x0ffffffc0ffffffc),
        back1_(r1_ + (r1_ >> 2)) {}

  // h = (h + block + 2^128) * r, modulo 2^130 - 5.
  void add(std::uint64_t low, std::uint64_t high) {
    const Wide a = Wide{h0_} + low;
    const Wide b = Wide{h1_} + high + upper(a);
    const auto a0 = static_cast<std::uint64_t>(a);
    const auto b0 = static_cast<std::uint64_t>(b);
    const std::uint64_t c0 = h2_ + 1 + upper(b);
    const std::uint64_t back = c0 * back1_;  // these two fit, because r is below 2^124
    const std::uint64_t ahead = c0 * r0_;
    const Wide first = Wide{a0} * r0_ + Wide{b0} * back1_;
    const Wide second = Wide{a0} * r1_ + Wide{b0} * r0_ + back + upper(first);
    const std::uint64_t third = ahead + upper(second);
    // What is past 2^130 comes back five times.
    const Wide x = Wide{static_cast<std::uint64_t>(first)} + (third >> 2) + (third & ~Wide{3});
    const Wide y = Wide{static_cast<std::uint64_t>(second)} + upper(x);
    h0_ = static_cast<std::uint64_t>(x);
    h1_ = static_cast<std::uint64_t>(y);
    h2_ = (third & 3) + upper(y);
  }

  // h modulo 2^130 - 5, plus the second half of the key, modulo 2^128.
  void finish(std::span<const std::uint8_t, 32> key, std::span<std::uint8_t, kTagSize> tag) const {
    // h + 5 reaches 2^130 where h is not below the modulus; then the rest is the result.
    const Wide a = Wide{h0_} + 5;
    const Wide b = Wide{h1_} + upper(a);
    const std::uint64_t reached = (h2_ + upper(b)) >> 2;
    const std::uint64_t mask = 0 - std::uint64_t{reached != 0};
    const std::uint64_t low = (h0_ & ~mask) | (static_cast<std::uint64_t>(a) & mask);
    const std::uint64_t high = (h1_ & ~mask) | (static_cast<std::uint64_t>(b) & mask);
    const Wide c = Wide{low} + load<std::uint64_t>(key, 16);
    store(tag, static_cast<std::uint64_t>(c));
    store(tag, high + load<std::uint64_t>(key, 24) + upper(c), 8);
  }

 private:
  std::uint64_t r0_;
  std::uint64_t r1_;
  std::uint64_t back1_;
  std::uint64_t h0_ = 0;
  std::uint64_t h1_ = 0;
  std::uint64_t h2_ = 0;
};

}  // namespace

void poly1305_narrow(std::span<const std::uint8_t, 32> key, ByteSpan ciphertext,
                     std::span<std::uint8_t, kTagSize> tag) {
  Sum sum(key);
  const std::uint64_t size = ciphertext.size();
  for (; ciphertext.size() >= kPolyBlock; ciphertext = ciphertext.subspan(kPolyBlock))
    sum.add(load<std::uint64_t>(ciphertext), load<std::uint64_t>(ciphertext, 8));
  if (!ciphertext.empty()) {
    Bytes<kPolyBlock> last{};
    std::copy(ciphertext.begin(), ciphertext.end(), last.begin());
    sum.add(load<std::uint64_t>(last), load<std::uint64_t>(last, 8));
  }
  // RFC 8439, 2.8: the last block holds two lengths. That of the associated data is zero.
  sum.add(0, size);
  sum.finish(key, tag);
}

}  // namespace wring
