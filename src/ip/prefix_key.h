// The bits of an address, counted from the left, as one number for version 4 and two for version 6.
// Prefixes are cut here, and the tables have these as keys.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/bytes.h"

namespace wring {

struct V4Key {
  static constexpr unsigned kBits = 32;

  std::uint32_t bits = 0;

  // `address` holds at least 4 bytes, in network order.
  static V4Key of(ByteSpan address) { return {load<Be<std::uint32_t>>(address)}; }
  [[nodiscard]] Bytes<4> bytes() const { return std::bit_cast<Bytes<4>>(Be<std::uint32_t>(bits)); }

  // How many bits from the left the two keys share.
  [[nodiscard]] constexpr unsigned common_bits(const V4Key& other) const {
    return static_cast<unsigned>(std::countl_zero(bits ^ other.bits));
  }
  // Bit `i`. Past the end it is 0: a node of full length has no children anyway.
  [[nodiscard]] constexpr unsigned bit_at(unsigned i) const {
    return i < kBits ? bits >> (kBits - 1 - i) & 1 : 0;
  }
  // The first `length` bits. The others become zero.
  [[nodiscard]] constexpr V4Key masked(unsigned length) const {
    return {length == 0 ? 0 : bits & ~std::uint32_t{0} << (kBits - length)};
  }
  // Each bit that is set in one of the two.
  [[nodiscard]] constexpr V4Key joined(const V4Key& other) const { return {bits | other.bits}; }
  // Sixteen bits from bit `from` on, which is at most kBits - 16.
  [[nodiscard]] constexpr std::uint32_t sixteen_bits(unsigned from) const {
    return bits << from >> 16;
  }
  // The inverse: all other bits are zero.
  static constexpr V4Key of_sixteen_bits(std::uint32_t sixteen, unsigned from) {
    return {sixteen << 16 >> from};
  }

  friend bool operator==(const V4Key&, const V4Key&) = default;
};

// As V4Key, member by member.
struct V6Key {
  static constexpr unsigned kBits = 128;

  std::uint64_t high = 0;
  std::uint64_t low = 0;

  // `address` holds at least 16 bytes, in network order.
  static V6Key of(ByteSpan address) {
    return {load<Be<std::uint64_t>>(address, 0), load<Be<std::uint64_t>>(address, 8)};
  }
  [[nodiscard]] Bytes<16> bytes() const {
    return std::bit_cast<Bytes<16>>(std::array<Be<std::uint64_t>, 2>{high, low});
  }

  [[nodiscard]] constexpr unsigned common_bits(const V6Key& other) const {
    if (high != other.high) return static_cast<unsigned>(std::countl_zero(high ^ other.high));
    return 64 + static_cast<unsigned>(std::countl_zero(low ^ other.low));
  }
  [[nodiscard]] constexpr unsigned bit_at(unsigned i) const {
    if (i >= kBits) return 0;
    const std::uint64_t half = i < 64 ? high : low;
    return static_cast<unsigned>(half >> (63 - i % 64) & 1);
  }
  [[nodiscard]] constexpr V6Key masked(unsigned length) const {
    constexpr std::uint64_t kAll = ~std::uint64_t{0};
    if (length == 0) return {};
    if (length <= 64) return {high & kAll << (64 - length), 0};
    return {high, low & kAll << (kBits - length)};
  }
  [[nodiscard]] constexpr V6Key joined(const V6Key& other) const {
    return {high | other.high, low | other.low};
  }
  [[nodiscard]] constexpr std::uint32_t sixteen_bits(unsigned from) const {
    if (from >= 64) return static_cast<std::uint32_t>(low << (from - 64) >> 48);
    const std::uint64_t carried = from == 0 ? 0 : low >> (64 - from);
    return static_cast<std::uint32_t>((high << from | carried) >> 48);
  }
  static constexpr V6Key of_sixteen_bits(std::uint32_t sixteen, unsigned from) {
    const std::uint64_t top = std::uint64_t{sixteen} << 48;
    if (from >= 64) return {0, top >> (from - 64)};
    return {top >> from, from == 0 ? 0 : top << (64 - from)};
  }

  friend bool operator==(const V6Key&, const V6Key&) = default;
};

}  // namespace wring
