// A configuration of `wg` and wg-quick as values, each with the place where it was written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/diagnostics.h"
#include "crypto/keys.h"
#include "ip/ip_address.h"

namespace wring::config {

template <typename T>
struct Located {
  T value{};
  Position at;

  Located() = default;
  Located(T written, Position place) : value(std::move(written)), at(place) {}
};

// An address of the interface, host bits and all.
struct InterfaceAddress {
  IpAddress address;
  std::uint8_t length = 0;
  bool length_given = true;  // else the length is that of one address

  friend bool operator==(const InterfaceAddress& a, const InterfaceAddress& b) {
    return a.address == b.address && a.length == b.length;
  }
};

struct AllowedIp {
  // With `+` or `-` before it, the prefix changes what the peer has; without a sign it is one of
  // those that the peer is to have.
  enum class Sign : std::uint8_t { kNone, kPlus, kMinus };

  IpPrefix prefix;
  Sign sign = Sign::kNone;
  Position at;
};

// Where a peer is reached. Names are not resolved here.
struct HostPort {
  std::string host;  // an IP address, perhaps with a zone ("fe80::1%eth0"), or a name; no brackets
  std::uint16_t port = 0;  // not 0

  friend bool operator==(const HostPort&, const HostPort&) = default;
};
// "192.0.2.1:51820", "[2001:db8::1]:51820", "vpn.example.com:51820".
[[nodiscard]] std::string to_string(const HostPort& endpoint);

// Where routes go: `Table`.
struct RoutingTable {
  // kAuto: the main table, with wg-quick's handling of a default route. kOff: no routes are made.
  enum class Kind : std::uint8_t { kAuto, kOff, kNumber, kName };

  Kind kind = Kind::kAuto;
  std::uint32_t number = 0;  // of kNumber; not 0
  std::string name;          // of kName: of /etc/iproute2/rt_tables
};
[[nodiscard]] std::string to_string(const RoutingTable& table);

struct Hook {
  enum class Point : std::uint8_t { kPreUp, kPostUp, kPreDown, kPostDown };

  Point point = Point::kPreUp;
  std::string command;  // for bash, with %i for the interface; not empty
  Position at;
};

struct Interface {
  Position at;  // of the first [Interface]
  std::optional<Located<PrivateKey>> private_key;
  std::optional<Located<std::string>> private_key_file;  // as written, %d and all
  std::optional<Located<std::uint16_t>> listen_port;     // 0: the kernel chooses
  std::optional<Located<std::uint32_t>> fwmark;          // 0: off
  std::vector<Located<InterfaceAddress>> addresses;
  std::vector<Located<IpAddress>> dns_servers;
  std::vector<Located<std::string>> dns_search;
  std::optional<Located<std::uint32_t>> mtu;
  std::optional<Located<RoutingTable>> table;
  std::vector<Hook> hooks;  // in the order of the file
  std::optional<Located<bool>> save_config;
};

struct Peer {
  Position at;       // of its [Peer]
  std::string name;  // from a comment: `# friendly_name = X` and others; empty if there is none
  std::optional<Located<PublicKey>> public_key;
  std::optional<Located<PresharedKey>> preshared_key;
  std::optional<Located<std::string>> preshared_key_file;
  std::vector<AllowedIp> allowed_ips;
  // The last line of AllowedIPs had no sign: `wg` removes what the peer had before.
  bool replaces_allowed_ips = true;
  std::optional<Located<HostPort>> endpoint;
  std::optional<Located<std::uint16_t>> keepalive_s;  // 0: off
};

// A value with a reference, `${NAME}`: it is read once the reference is resolved.
struct Unresolved {
  std::optional<std::size_t> peer;  // its number; none for the interface
  std::string_view key;             // as the table of keys has it; a literal
  std::string text;
  Position at;
};

struct TunnelConfig {
  Interface interface;
  std::vector<Peer> peers;
  std::vector<Unresolved> unresolved;
  // A value came from a variable of the environment.
  bool has_variables = false;
};

}  // namespace wring::config
