// Poly1305 (RFC 8439, 2.5 and 2.8) of one packet, by multiplications of 64 bits. Constant time:
// only sizes decide what is executed.
#pragma once

#include <cstdint>
#include <span>

#include "crypto/aead.h"

namespace wring {

inline constexpr std::size_t kPolyBlock = 16;

// A number h and a multiplier r, in words of 64 bits. h stays below 2^130 + 2^66: its third word is
// at most 4. The caller of add() is compiled for the processor, see narrow.h.
class PolySum {
 public:
  PolySum() = default;
  // RFC 8439, 2.5: some bits of the multiplier are cleared. So its upper word is a multiple of
  // four, and 5/4 of it is what a product past 2^130 comes back with.
  explicit PolySum(std::span<const std::uint8_t, 32> key)
      : r0_(load<std::uint64_t>(key) & 0x0ffffffc0fffffff),
        r1_(load<std::uint64_t>(key, 8) & 0x0ffffffc0ffffffc),
        back1_(r1_ + (r1_ >> 2)) {}

  // h = (h + block + 2^128) * r, modulo 2^130 - 5.
  [[gnu::always_inline]] void add(std::uint64_t low, std::uint64_t high) {
    Words h{h0_, h1_, h2_};
    add_to(h, low, high, 1);
    Words first = words_of(Wide{h.low} * r0_);
    Words second = words_of(Wide{h.low} * r1_);
    add_to(first, words_of(Wide{h.middle} * back1_));
    add_to(second, words_of(Wide{h.middle} * r0_));
    add_to(second, h.high * back1_, h.high * r0_);  // they fit, because r is below 2^124
    add_to(second, first.middle);
    // What is past 2^130 comes back five times.
    const std::uint64_t back = (second.middle >> 2) + (second.middle & ~std::uint64_t{3});
    h = {first.low, second.low, second.middle & 3};
    add_to(h, back);
    h0_ = h.low;
    h1_ = h.middle;
    h2_ = h.high;
  }
  [[gnu::always_inline]] void add(const std::uint8_t* block) {
    std::uint64_t words[2];
    std::memcpy(words, block, sizeof words);
    add(words[0], words[1]);
  }

  // The tag of a ciphertext without associated data, the first `done` bytes of which are in the
  // sum.
  void finish(std::span<const std::uint8_t, 32> key, ByteSpan ciphertext, std::size_t done,
              std::span<std::uint8_t, kTagSize> tag) const;

 private:
  __extension__ using Wide = unsigned __int128;
  struct Words {
    std::uint64_t low = 0;
    std::uint64_t middle = 0;
    std::uint64_t high = 0;
  };
  [[gnu::always_inline]] static Words words_of(Wide x) {
    return {static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(x >> 64)};
  }
  [[gnu::always_inline]] static void add_to(Words& sum, std::uint64_t low, std::uint64_t middle = 0,
                                            std::uint64_t high = 0) {
#ifdef WRING_X86_64
    // Of integers of 128 bits GCC 12 makes twice as many instructions.
    unsigned long long words[3];
    unsigned char carry = __builtin_ia32_addcarryx_u64(0, sum.low, low, &words[0]);
    carry = __builtin_ia32_addcarryx_u64(carry, sum.middle, middle, &words[1]);
    __builtin_ia32_addcarryx_u64(carry, sum.high, high, &words[2]);
    sum = {words[0], words[1], words[2]};
#else
    const Wide added = Wide{middle} << 64 | low;
    const Wide all = (Wide{sum.middle} << 64 | sum.low) + added;
    sum = {static_cast<std::uint64_t>(all), static_cast<std::uint64_t>(all >> 64),
           sum.high + high + std::uint64_t{all < added}};
#endif
  }
  [[gnu::always_inline]] static void add_to(Words& sum, const Words& words) {
    add_to(sum, words.low, words.middle);
  }
  void reduce(std::span<const std::uint8_t, 32> key, std::span<std::uint8_t, kTagSize> tag) const;

  std::uint64_t r0_ = 0;
  std::uint64_t r1_ = 0;
  std::uint64_t back1_ = 0;
  std::uint64_t h0_ = 0;
  std::uint64_t h1_ = 0;
  std::uint64_t h2_ = 0;
};

// A packet's sum, and the blocks that are still to be added.
struct PolyRun {
  // So many blocks at a time, beside a double round of chacha20_narrow(). The sum waits for each
  // block about as long then as the round takes on AVX2. On NEON it takes twice as many rounds.
#ifdef WRING_X86_64
  static constexpr std::size_t kStep = 3;
#else
  static constexpr std::size_t kStep = 2;
#endif

  PolySum sum;
  const std::uint8_t* at = nullptr;
  std::size_t blocks = 0;

  // One step, if there are blocks enough for it.
  [[gnu::always_inline]] void step() {
    if (blocks < kStep) return;
    blocks -= kStep;
    for (std::size_t i = 0; i < kStep; ++i)
      sum.add(at + kPolyBlock * i);
    at += kPolyBlock * kStep;
  }
};

// The tag of a ciphertext without associated data, by its one-time key.
inline void poly1305_narrow(std::span<const std::uint8_t, 32> key, ByteSpan ciphertext,
                            std::span<std::uint8_t, kTagSize> tag) {
  PolySum(key).finish(key, ciphertext, 0, tag);
}

}  // namespace wring
