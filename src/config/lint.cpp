// Looks at the interface: its MTU, addresses and hooks, and whether peers can be reached.
#include "config/lint.h"

#include <algorithm>
#include <set>

namespace wring::config {
namespace {

// A path of Ethernet carries 1500 bytes. Around a packet are 32 bytes of WireGuard, 8 of UDP, and
// 20 of IPv4 or 40 of IPv6.
constexpr std::uint32_t kMtuOverV4 = 1440;
constexpr std::uint32_t kMtuOverV6 = 1420;
constexpr std::uint32_t kMinMtuOfV6 = 1280;  // RFC 8200, section 5

bool is_private(const IpAddress& address) {
  constexpr const char* kPrivate[] = {"10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16",
                                      "100.64.0.0/10", "fc00::/7",      "fe80::/10"};
  return std::any_of(std::begin(kPrivate), std::end(kPrivate), [&](const char* text) {
    const auto prefix = IpPrefix::parse(text);
    return prefix && prefix->contains(address);
  });
}

bool uses_v6(const TunnelConfig& config) {
  const auto& addresses = config.interface.addresses;
  return std::any_of(addresses.begin(), addresses.end(),
                     [](const auto& address) { return !address.value.address.is_v4(); });
}

bool has_v6_endpoint(const TunnelConfig& config) {
  return std::any_of(config.peers.begin(), config.peers.end(), [](const Peer& peer) {
    return peer.endpoint && peer.endpoint->value.host.find(':') != std::string::npos;
  });
}

bool is_unresolved(const TunnelConfig& config, std::string_view key) {
  return std::any_of(config.unresolved.begin(), config.unresolved.end(),
                     [&](const Unresolved& value) { return value.key == key; });
}

void lint_private_key(const TunnelConfig& config, Diagnostics& diagnostics) {
  const Interface& interface = config.interface;
  const bool by_hook =
      std::any_of(interface.hooks.begin(), interface.hooks.end(), [](const Hook& hook) {
        return hook.point == Hook::Point::kPreUp || hook.point == Hook::Point::kPostUp;
      });
  if (interface.private_key || interface.private_key_file || by_hook ||
      is_unresolved(config, "PrivateKey") || is_unresolved(config, "PrivateKeyFile")) {
    return;
  }
  diagnostics.add(Severity::kError, interface.at, 1,
                  {"no-private-key", "[Interface] has no PrivateKey",
                   "write PrivateKey = and what `wring genkey` prints, or PrivateKeyFile = PATH"});
}

void lint_mtu(const TunnelConfig& config, Diagnostics& diagnostics) {
  if (!config.interface.mtu) return;
  const auto& [mtu, at] = *config.interface.mtu;
  const std::uint32_t carried = has_v6_endpoint(config) ? kMtuOverV6 : kMtuOverV4;
  const std::string number = std::to_string(mtu);
  if (mtu > carried) {
    diagnostics.add(Severity::kWarning, at, number.size(),
                    {"mtu-too-large",
                     "packets of " + number +
                         " bytes do not fit a usual path of 1500 bytes with "
                         "what goes around them",
                     "write " + std::to_string(carried) + " or less, or remove the line"});
  }
  if (mtu < kMinMtuOfV6 && uses_v6(config)) {
    diagnostics.add(
        Severity::kWarning, at, number.size(),
        {"mtu-too-small", "IPv6 needs an MTU of 1280, so the kernel turns IPv6 off here",
         "write 1280 or more, or remove the IPv6 addresses"});
  }
}

void lint_addresses(const TunnelConfig& config, Diagnostics& diagnostics) {
  std::set<std::pair<IpAddress, std::uint8_t>> seen;
  for (const auto& [value, at] : config.interface.addresses) {
    const std::string text = to_string(value.address);
    if (!seen.insert({value.address, value.length}).second) {
      diagnostics.add(Severity::kWarning, at, text.size(),
                      {"address-twice", text + " is there twice", "remove one of them"});
    }
    if (!value.length_given) {
      const std::string full = to_string(IpPrefix(value.address, value.length));
      diagnostics.add(Severity::kNote, at, text.size(),
                      {"no-length", "an address without a length, which means " + full,
                       "write " + full + ", or the length of the network"});
    } else if (value.length + 1 < value.address.full_length() &&
               IpPrefix(value.address, value.length).address == value.address) {
      diagnostics.add(
          Severity::kWarning, at, text.size(),
          {"network-address", text + " is the network's own address, not that of a host",
           "write an address in it, with the same length"});
    }
  }
}

void lint_hooks(const TunnelConfig& config, Diagnostics& diagnostics) {
  const auto& hooks = config.interface.hooks;
  for (const Hook& hook : hooks) {
    if (hook.command.find("iptables") == hook.command.npos &&
        hook.command.find("ip6tables") == hook.command.npos) {
      continue;
    }
    diagnostics.add(Severity::kNote, hook.at, hook.command.size(),
                    {"iptables", "iptables is not there on every system",
                     "for a gateway, `wring run --masquerade IF` needs no hook"});
  }
  if (hooks.empty()) return;
  diagnostics.add(Severity::kNote, hooks.front().at, hooks.front().command.size(),
                  {"hooks", "`wring run` runs hooks only with --allow-hooks",
                   "give it that option if you trust this file"});
}

void lint_reachability(const TunnelConfig& config, Diagnostics& diagnostics) {
  const Interface& interface = config.interface;
  if (interface.listen_port || is_unresolved(config, "ListenPort")) return;
  const bool all_private =
      !interface.addresses.empty() &&
      std::all_of(interface.addresses.begin(), interface.addresses.end(),
                  [](const auto& one) { return is_private(one.value.address); });
  const bool keepalive_elsewhere = is_unresolved(config, "PersistentKeepalive");
  bool none_has_endpoint = !is_unresolved(config, "Endpoint");
  for (const Peer& peer : config.peers) {
    if (!peer.endpoint) continue;
    none_has_endpoint = false;
    if (!all_private || peer.keepalive_s || keepalive_elsewhere) continue;
    diagnostics.add(
        Severity::kNote, peer.endpoint->at, 1,
        {"no-keepalive",
         "if we are behind NAT, this peer does not reach us once the tunnel was silent for a while",
         "write PersistentKeepalive = 25 if it should reach us"});
  }
  if (config.peers.empty() || !none_has_endpoint) return;
  diagnostics.add(
      Severity::kWarning, interface.at, 1,
      {"no-way-to-meet", "no peer has an Endpoint, and without ListenPort the port is random",
       "write ListenPort here, or Endpoint at a peer"});
}

void lint_save_config(const TunnelConfig& config, Diagnostics& diagnostics) {
  const auto& save = config.interface.save_config;
  if (!save || !save->value) return;
  const bool from_elsewhere =
      !config.unresolved.empty() || config.has_variables || config.interface.private_key_file ||
      std::any_of(config.peers.begin(), config.peers.end(),
                  [](const Peer& peer) { return peer.preshared_key_file.has_value(); });
  if (!from_elsewhere) return;
  diagnostics.add(
      Severity::kError, save->at, 4,
      {"saves-secrets", "SaveConfig would write into this file what comes from elsewhere",
       "write SaveConfig = false to keep keys and variables where they are"});
}

}  // namespace

void lint(const TunnelConfig& config, Diagnostics& diagnostics) {
  lint_private_key(config, diagnostics);
  lint_mtu(config, diagnostics);
  lint_addresses(config, diagnostics);
  lint_hooks(config, diagnostics);
  lint_reachability(config, diagnostics);
  lint_save_config(config, diagnostics);
  lint_keys(config, diagnostics);
  lint_routes(config, diagnostics);
}

}  // namespace wring::config
