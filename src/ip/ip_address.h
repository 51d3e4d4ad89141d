// IP addresses and prefixes of both versions, and their text form.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace wring {

enum class IpVersion : std::uint8_t { kV4 = 4, kV6 = 6 };

// A version 4 address is in the first four bytes; the other twelve are zero.
struct IpAddress {
  Bytes<16> bytes{};  // network order
  IpVersion version = IpVersion::kV4;

  static IpAddress v4(const Bytes<4>& address);
  static IpAddress v6(const Bytes<16>& address) { return {address, IpVersion::kV6}; }
  // Strict, as inet_pton: four decimal parts without leading zeros, or RFC 4291 text without a
  // zone.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] bool is_v4() const { return version == IpVersion::kV4; }
  // 4 or 16.
  [[nodiscard]] std::size_t size() const { return is_v4() ? 4 : 16; }
  // 32 or 128: the length of a prefix that is one address.
  [[nodiscard]] std::uint8_t full_length() const { return is_v4() ? 32 : 128; }
  [[nodiscard]] ByteSpan span() const { return {bytes.data(), size()}; }

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

// A prefix never has a bit set past its length: made from 10.1.2.3/8 it is 10.0.0.0/8.
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;

  IpPrefix() = default;
  // `prefix_length` is at most address.full_length().
  IpPrefix(const IpAddress& any_address_in_it, std::uint8_t prefix_length);
  // "10.0.0.0/8", "::/0"; an address without a length is a prefix of that one address.
  static std::optional<IpPrefix> parse(std::string_view text);

  [[nodiscard]] bool contains(const IpAddress& other) const;

  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

// "192.0.2.1", "2001:db8::1".
std::string to_string(const IpAddress& address);
// "192.0.2.0/24": always with the length.
std::string to_string(const IpPrefix& prefix);

}  // namespace wring
