// The tables of sections and keys.
#include "proxyconfig/key_table.h"

#include <algorithm>
#include <iterator>

#include "config/words.h"
#include "proxyconfig/setters.h"

namespace wring::proxy {
namespace {

using Holds = Key::Holds;
using L = Listener::Kind;

constexpr SectionName kSections[] = {
    {"Interface", kInterface, {}},
    {"Peer", kPeer, {}},
    {"Resolve", kResolve, {}},
    {"Socks5", section_bit(L::kSocks5), L::kSocks5},
    {"http", section_bit(L::kHttp), L::kHttp},
    {"SNI", section_bit(L::kSni), L::kSni},
    {"TCPClientTunnel", section_bit(L::kTcpClient), L::kTcpClient},
    {"TCPServerTunnel", section_bit(L::kTcpServer), L::kTcpServer},
    {"STDIOTunnel", section_bit(L::kStdio), L::kStdio},
    {"UDPProxyTunnel", section_bit(L::kUdpClient), L::kUdpClient},
    {"UDPServerTunnel", section_bit(L::kUdpServer), L::kUdpServer},
    {"Gateway", section_bit(L::kGateway), L::kGateway},
};

constexpr Sections kProxies = section_bit(L::kSocks5) | section_bit(L::kHttp);
constexpr Sections kHttp = section_bit(L::kHttp);
constexpr Sections kUdp = section_bit(L::kUdpClient) | section_bit(L::kUdpServer);
constexpr Sections kGateway = section_bit(L::kGateway);
constexpr Sections kServers = section_bit(L::kTcpServer) | section_bit(L::kUdpServer);
constexpr Sections kOverTcp = kProxies | section_bit(L::kSni) | section_bit(L::kTcpClient);
constexpr Sections kOutside = kOverTcp | section_bit(L::kUdpClient);
constexpr Sections kForwards =
    section_bit(L::kTcpClient) | section_bit(L::kStdio) | section_bit(L::kUdpClient) | kServers;

constexpr Key one(Sections sections, std::string_view name, auto set, Holds holds = Holds::kPlain) {
  return {name, sections, 0, Key::Kind::kOne, holds, set};
}
constexpr Key number(Sections sections, std::string_view name, auto set) {
  return {name, sections, 0, Key::Kind::kNumber, Holds::kPlain, set};
}
constexpr Key list(Sections sections, std::string_view name, auto set) {
  return {name, sections, 0, Key::Kind::kList, Holds::kPlain, set};
}
constexpr Key unused(std::string_view name) {
  return {name, kInterface, 0, Key::Kind::kUnused, Holds::kPassword, nullptr};
}
constexpr Key needed(Key key, Sections sections) {
  key.needed_in = sections;
  return key;
}

constexpr Key kKeys[] = {
    one(kInterface, "PrivateKey", set_private_key, Holds::kSecretKey),
    one(kInterface, "PrivateKeyFile", set_private_key_file),
    list(kInterface, "Address", add_addresses),
    list(kInterface, "DNS", add_dns),
    number(kInterface, "MTU", set_mtu),
    number(kInterface, "ListenPort", set_tunnel_port),
    list(kInterface, "CheckAlive", add_check_alive),
    number(kInterface, "CheckAliveInterval", set_check_alive_interval),
    unused("FwMark"),
    unused("Table"),
    unused("SaveConfig"),
    unused("PreUp"),
    unused("PostUp"),
    unused("PreDown"),
    unused("PostDown"),
    one(kPeer, "PublicKey", set_public_key, Holds::kPublicKey),
    one(kPeer, "PresharedKey", set_preshared_key, Holds::kSecretKey),
    one(kPeer, "PresharedKeyFile", set_preshared_key_file),
    list(kPeer, "AllowedIPs", add_allowed_ips),
    one(kPeer, "Endpoint", set_endpoint),
    number(kPeer, "PersistentKeepalive", set_keepalive),
    needed(one(kOutside, "BindAddress", set_bind_address), kOutside),
    needed(number(kServers, "ListenPort", set_inner_port), kServers),
    needed(one(kForwards, "Target", set_target), kForwards),
    one(kProxies, "Username", set_username, Holds::kPassword),
    one(kProxies, "Password", set_password, Holds::kPassword),
    one(kProxies, "CredentialsFile", set_credentials_file),
    one(kHttp, "CertFile", set_certificate_file),
    one(kHttp, "KeyFile", set_key_file),
    number(kUdp | kGateway, "InactivityTimeout", set_inactivity),
    list(kOutside | kServers | kGateway, "AllowFrom", add_allowed_from),
    needed(list(kGateway, "Allow", add_reachable), kGateway),
    one(kOverTcp, "SocketMode", set_socket_mode),
    one(kResolve, "ResolveStrategy", set_strategy),
    one(kResolve, "ResolveBy", set_resolve_by),
};

// True if so few changes make `name` of `meant` that it is not another word.
bool is_similar(std::string_view meant, std::string_view name, std::size_t& least) {
  const std::size_t distance = config::edit_distance(meant, name);
  if (distance >= least || distance * 2 >= meant.size()) return false;
  least = distance;
  return true;
}

constexpr std::size_t kLongestName = 32;
constexpr std::size_t kAnotherWord = 4;

}  // namespace

const SectionName* find_section(std::string_view name) {
  const auto* const found = std::ranges::find_if(kSections, [&](const SectionName& section) {
    return config::equal_but_for_case(section.name, name);
  });
  return found == std::end(kSections) ? nullptr : found;
}

std::string similar_section(std::string_view name) {
  std::string best;
  std::size_t least = kAnotherWord;
  name = config::trimmed(name.substr(0, kLongestName));
  for (const SectionName& section : kSections) {
    // "Interface] # the first [" has the name in it.
    const std::string_view word = name.substr(0, name.find_first_of("] \t"));
    if (is_similar(section.name, word, least)) best = "[" + std::string(section.name) + "]";
  }
  return best;
}

const Key* find_key(Sections sections, std::string_view name) {
  const auto* const found = std::ranges::find_if(kKeys, [&](const Key& key) {
    return (key.sections & sections) != 0 && config::equal_but_for_case(key.name, name);
  });
  return found == std::end(kKeys) ? nullptr : found;
}

const Key* similar_key(Sections sections, std::string_view name) {
  if (name.size() > kLongestName) return nullptr;
  const Key* best = nullptr;
  std::size_t least = kAnotherWord;
  for (const Key& key : kKeys) {
    if ((key.sections & sections) != 0 && is_similar(key.name, name, least)) best = &key;
  }
  return best;
}

const Key* missing_key(Sections section, const std::vector<const Key*>& seen) {
  const auto* const found = std::ranges::find_if(kKeys, [&](const Key& key) {
    return (key.needed_in & section) != 0 && std::ranges::find(seen, &key) == seen.end();
  });
  return found == std::end(kKeys) ? nullptr : found;
}

}  // namespace wring::proxy
