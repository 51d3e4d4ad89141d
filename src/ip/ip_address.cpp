// Addresses and prefixes to and from text.
#include "ip/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "base/decimal.h"
#include "ip/prefix_key.h"

namespace wring {

IpAddress IpAddress::v4(const Bytes<4>& address) {
  IpAddress result;
  std::copy(address.begin(), address.end(), result.bytes.begin());
  return result;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  // A zero byte inside would end the text for inet_pton, which then took the part before it.
  if (text.size() >= terminated.size() || text.find('\0') != text.npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());

  IpAddress result;
  const bool v4 = text.find(':') == text.npos;
  result.version = v4 ? IpVersion::kV4 : IpVersion::kV6;
  if (inet_pton(v4 ? AF_INET : AF_INET6, terminated.data(), result.bytes.data()) != 1) {
    return std::nullopt;
  }
  return result;
}

IpPrefix::IpPrefix(const IpAddress& any_address_in_it, std::uint8_t prefix_length)
    : address(any_address_in_it), length(prefix_length) {
  assert(length <= address.full_length());
  // A version 4 address is in the first 32 of the 128 bits.
  address.bytes = V6Key::of(address.bytes).masked(length).bytes();
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == text.npos) return IpPrefix(*address, address->full_length());

  const auto length = parse_decimal<std::uint8_t>(text.substr(slash + 1));
  if (!length || *length > address->full_length()) return std::nullopt;
  return IpPrefix(*address, *length);
}

bool IpPrefix::contains(const IpAddress& other) const {
  return other.version == address.version && IpPrefix(other, length).address == address;
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.is_v4() ? AF_INET : AF_INET6, address.bytes.data(), text.data(), text.size());
  return text.data();
}

std::string to_string(const IpPrefix& prefix) {
  return to_string(prefix.address) + '/' + std::to_string(prefix.length);
}

}  // namespace wring
