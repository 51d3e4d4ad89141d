// Adds up 16-bit words, 32 bytes at a time where the processor has AVX2.
#include "ip/checksum.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace wring {
namespace {

// The sums below take words in the machine's order: the one's complement sum of swapped words is
// the swapped sum (RFC 1071, 2 (B)), so one swap at the end is enough.
using SumWords = std::uint64_t (*)(const std::uint8_t* data, std::size_t size);

// A 32-bit word counts as its two halves: 2^16 is congruent to 1. 64 bits cannot overflow over any
// packet.
std::uint64_t sum_words_portable(const std::uint8_t* data, std::size_t size) {
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (; at + 4 <= size; at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, data + at, sizeof word);
    sum += word;
  }
  if (at < size) {  // up to three bytes, followed by zeros
    std::uint32_t word = 0;
    std::memcpy(&word, data + at, size - at);
    sum += word;
  }
  return sum;
}

#if defined(__x86_64__)

// _mm256_madd_epi16 adds neighbouring words at once, but as signed numbers: so each word has 2^15
// taken off, by its highest bit turned over, and all of that is given back in the end. A lane of 32
// bits has room for 2^15 such pairs; two accumulators take 2^11 each from the largest packet.
[[gnu::target("avx2")]] std::uint64_t sum_words_avx2(const std::uint8_t* data, std::size_t size) {
  const __m256i sign = _mm256_set1_epi16(INT16_MIN);
  const __m256i ones = _mm256_set1_epi16(1);
  const auto pairs_at = [&](std::size_t at) __attribute__((target("avx2"))) {
    __m256i words;
    std::memcpy(&words, data + at, sizeof words);
    return _mm256_madd_epi16(_mm256_xor_si256(words, sign), ones);
  };
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  std::size_t at = 0;
  for (; at + 64 <= size; at += 64) {
    even = _mm256_add_epi32(even, pairs_at(at));
    odd = _mm256_add_epi32(odd, pairs_at(at + 32));
  }
  if (at + 32 <= size) {
    even = _mm256_add_epi32(even, pairs_at(at));
    at += 32;
  }
  const __m256i both = _mm256_add_epi32(even, odd);
  __m128i lanes = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  lanes = _mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, 0x4e));
  lanes = _mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, 0xb1));
  const std::int64_t words = static_cast<std::int64_t>(at / 2);
  const std::int64_t sum = std::int64_t{_mm_cvtsi128_si32(lanes)} + words * 32768;
  return static_cast<std::uint64_t>(sum) + sum_words_portable(data + at, size - at);
}

#endif

SumWords best_sum_words() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) return sum_words_avx2;
#endif
  return sum_words_portable;
}

const SumWords sum_words_long = best_sum_words();
constexpr std::size_t kLong = 64;  // below it the call through a pointer costs more than it gains

std::uint16_t fold(std::uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

void InternetChecksum::add(ByteSpan bytes) {
  const std::uint64_t sum = bytes.size() < kLong ? sum_words_portable(bytes.data(), bytes.size())
                                                 : sum_words_long(bytes.data(), bytes.size());
  const std::uint16_t folded = fold(sum);
  sum_ += std::endian::native == std::endian::big ? folded : byte_swap(folded);
}

std::uint16_t InternetChecksum::value() const {
  return static_cast<std::uint16_t>(~fold(sum_));
}

std::uint16_t internet_checksum(ByteSpan bytes) {
  InternetChecksum sum;
  sum.add(bytes);
  return sum.value();
}

}  // namespace wring
