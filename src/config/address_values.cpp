// Reads addresses, prefixes and endpoints, and says what is wrong with those that are none.
#include <algorithm>
#include <bit>

#include "base/decimal.h"
#include "config/values.h"
#include "config/words.h"

namespace wring::config {
namespace {

// 24 for "255.255.255.0". Nothing if it is no netmask.
std::optional<int> length_of_netmask(std::string_view text) {
  const auto mask = IpAddress::parse(text);
  if (!mask || !mask->is_v4()) return std::nullopt;
  const std::uint32_t bits = load<Be<std::uint32_t>>(mask->span());
  const int ones = std::countl_one(bits);
  if (ones != std::popcount(bits)) return std::nullopt;
  return ones;
}

// The length after the slash of `text`, for an address of up to `longest` bits.
Read<std::uint8_t> read_length(std::string_view text, std::string_view length,
                               std::uint8_t longest) {
  const auto number = parse_decimal<std::uint8_t>(length);
  if (number && *number <= longest) return *number;
  const std::string address(text.substr(0, text.find('/')));
  if (const auto mask = length_of_netmask(length)) {
    return wrong("netmask", quote(text) + " has a netmask",
                 "write " + address + '/' + std::to_string(*mask));
  }
  return wrong("bad-length", quote(text) + " has no valid length after the '/'",
               "write a number from 0 to " + std::to_string(longest));
}

bool looks_like_v4(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

Complaint without_port(std::string_view text) {
  const bool v6 = std::count(text.begin(), text.end(), ':') > 1;
  std::string cure = "write HOST:PORT, as in vpn.example.com:51820";
  if (v6) cure = "write [ADDRESS]:PORT, as in [2001:db8::1]:51820";
  return {"no-port", "the port is missing in " + quote(text), std::move(cure)};
}

// The host of an endpoint, brackets removed.
Read<std::string_view> read_host(std::string_view text, std::string_view host, bool bracketed) {
  if (host.empty()) {
    return wrong("bad-host", "the host is missing in " + quote(text),
                 "write HOST:PORT, as in vpn.example.com:51820");
  }
  if (bracketed && IpAddress::parse(host)) return host;  // of either version, as `wg` has it
  if (bracketed || host.find(':') != host.npos) {
    const std::size_t percent = std::min(host.find('%'), host.size());
    const auto address = IpAddress::parse(host.substr(0, percent));
    const bool zone = percent == host.size() || is_host_name(host.substr(percent + 1));
    if (address && !address->is_v4() && zone) return host;
    return wrong("bad-host", quote(host) + " is not an IPv6 address",
                 "write [ADDRESS]:PORT, as in [2001:db8::1]:51820");
  }
  if (looks_like_v4(host)) {
    if (IpAddress::parse(host)) return host;
    return wrong("bad-host", quote(host) + " is not an IPv4 address",
                 "write four numbers up to 255 without leading zeros, as in 192.0.2.1");
  }
  if (is_host_name(host)) return host;
  return wrong("bad-host", quote(host) + " is not the name of a host",
               "write the name with letters, digits, '-' and '.' only; other letters in the form "
               "that begins with xn--");
}

}  // namespace

Read<IpAddress> read_address(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return *address;
  return wrong("bad-address", quote(text) + " is not an IP address",
               "write an address, as in 10.0.0.2 or fd00::2");
}

Read<InterfaceAddress> read_address_and_length(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    if (has_space(text)) {
      return wrong("no-comma", "a comma is missing in " + quote(text),
                   "separate addresses by commas");
    }
    return wrong("bad-address", quote(text) + " is not an IP address with a length",
                 "write ADDRESS/LENGTH, as in 10.0.0.0/24 or fd00::/64");
  }
  if (slash == text.npos) return InterfaceAddress{*address, address->full_length(), false};
  if (has_space(text)) {
    return wrong("no-comma", "a comma is missing in " + quote(text),
                 "separate addresses by commas");
  }
  const auto length = read_length(text, text.substr(slash + 1), address->full_length());
  if (!length) return tl::unexpected(length.error());
  return InterfaceAddress{*address, *length, true};
}

Read<HostPort> read_endpoint(std::string_view text) {
  if (const std::size_t scheme = text.find("://"); scheme != text.npos) {
    return wrong("bad-host", quote(text) + " is a URL", "write HOST:PORT only");
  }
  const bool bracketed = text.starts_with('[');
  const std::size_t closing = text.find(']');
  if (bracketed && closing == text.npos) {
    return wrong("bad-host", "the ']' is missing in " + quote(text),
                 "write [ADDRESS]:PORT, as in [2001:db8::1]:51820");
  }
  const std::size_t colon = bracketed ? closing + 1 : text.rfind(':');
  if (colon >= text.size() || text[colon] != ':' || colon + 1 == text.size()) {
    return tl::unexpected(without_port(text));
  }
  if (!bracketed && IpAddress::parse(text) && !IpAddress::parse(text.substr(0, colon))) {
    return tl::unexpected(without_port(text));
  }
  const auto port = parse_decimal<std::uint16_t>(text.substr(colon + 1));
  const std::string_view inside = bracketed ? text.substr(1, closing - 1) : text.substr(0, colon);
  const auto host = read_host(text, inside, bracketed);
  if (!host) return tl::unexpected(host.error());
  if (!port || *port == 0) {
    return wrong("bad-port", quote(text.substr(colon + 1)) + " is not a port",
                 "write a number from 1 to 65535");
  }
  return HostPort{std::string(*host), *port};
}

}  // namespace wring::config
