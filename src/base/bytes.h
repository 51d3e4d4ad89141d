// Views and fixed arrays of bytes, and integers of a message in a given byte order.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace wring {

template <std::size_t N>
using Bytes = std::array<std::uint8_t, N>;
using ByteSpan = std::span<const std::uint8_t>;
using MutByteSpan = std::span<std::uint8_t>;

template <std::unsigned_integral T>
constexpr T byte_swap(T value) {
  if constexpr (sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(value);
  } else {
    return __builtin_bswap64(value);
  }
}

// An integer in a message: alignment 1, so that a struct of such fields has no padding and may lie
// anywhere in a buffer. `Order` is the byte order on the wire.
template <std::unsigned_integral T, std::endian Order>
class WireInteger {
 public:
  constexpr WireInteger() = default;
  constexpr explicit(false) WireInteger(T value)
      : bytes_(std::bit_cast<Bytes<sizeof(T)>>(in_order(value))) {}
  constexpr explicit(false) operator T() const { return in_order(std::bit_cast<T>(bytes_)); }

 private:
  static constexpr T in_order(T value) {
    return Order == std::endian::native ? value : byte_swap(value);
  }
  Bytes<sizeof(T)> bytes_{};
};

template <std::unsigned_integral T>
using Le = WireInteger<T, std::endian::little>;
template <std::unsigned_integral T>
using Be = WireInteger<T, std::endian::big>;

// Reads a T at `offset`. The caller has checked that offset + sizeof(T) <= bytes.size().
template <typename T>
requires std::is_trivially_copyable_v<T> T load(ByteSpan bytes, std::size_t offset = 0) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// Writes a T at `offset`. The caller has checked that offset + sizeof(T) <= bytes.size().
template <typename T>
requires std::is_trivially_copyable_v<T>
void store(MutByteSpan bytes, const T& value, std::size_t offset = 0) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

// The bytes of a wire struct (one made of bytes and WireIntegers only).
template <typename T>
requires(std::is_trivially_copyable_v<T> && alignof(T) == 1) ByteSpan as_bytes(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

}  // namespace wring
