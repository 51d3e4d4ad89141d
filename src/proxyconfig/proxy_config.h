// What a configuration file asks of the proxy: a tunnel, and listeners at both of its ends.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/tunnel_config.h"
#include "ip/ip_address.h"

namespace wring::proxy {

// Where a listener waits for clients, outside the tunnel.
struct BindAddress {
  enum class Kind : std::uint8_t {
    kInternet,  // `host` and `port`
    kUnix,      // `path` and `mode`: "unix:/run/x.sock"
    kHandedIn,  // `name`, one of LISTEN_FDNAMES: "systemd:NAME"
  };

  Kind kind = Kind::kInternet;
  std::string host;  // an IP address or a name, no brackets; empty: all addresses of this host
  std::uint16_t port = 0;
  std::string path;
  std::uint32_t mode = 0600;  // of the socket's file
  std::string name;
  std::string text;  // as written: for messages and figures
};

struct Credentials {
  std::string username;
  std::string password;
};

// What peers may reach behind the proxy.
struct Reachable {
  IpPrefix to;
  // Ports of TCP and UDP. All of them, as without a port: pings, too.
  std::uint16_t first_port = 1;
  std::uint16_t last_port = 65535;
  bool all_ports = true;

  friend bool operator==(const Reachable&, const Reachable&) = default;
};

// One section of the file that takes connections or datagrams.
struct Listener {
  enum class Kind : std::uint8_t {
    kSocks5,     // [Socks5]
    kHttp,       // [http]
    kSni,        // [SNI]
    kTcpClient,  // [TCPClientTunnel]: from `bind` to `target` in the tunnel
    kTcpServer,  // [TCPServerTunnel]: from `listen_port` in the tunnel to `target` outside
    kStdio,      // [STDIOTunnel]: from stdin and stdout to `target` in the tunnel
    kUdpClient,  // [UDPProxyTunnel]: from `bind` to `target` in the tunnel
    kUdpServer,  // [UDPServerTunnel]: from `listen_port` in the tunnel to `target` outside
    kGateway,    // [Gateway]: from the tunnel to wherever it goes, if that is among `reachable`
  };

  Kind kind = Kind::kSocks5;
  config::Position at;                   // of the section
  BindAddress bind;                      // of those that wait outside
  std::uint16_t listen_port = 0;         // of kTcpServer and kUdpServer; not 0
  config::HostPort target;               // of forwards; the host may be a name
  std::vector<Credentials> credentials;  // of kSocks5 and kHttp; empty: nobody is asked
  std::vector<IpPrefix> allowed;         // `AllowFrom`: whose connections are taken; empty: all
  std::string certificate_file;          // of kHttp: PEM; both or none
  std::string key_file;
  std::chrono::seconds inactivity{0};  // of kUdpClient and kUdpServer; 0: wireproxy's "never"
  std::vector<Reachable> reachable;    // `Allow` of kGateway; not empty
  std::size_t place = 0;               // among the counters; the parser leaves it at 0
};
// As wireproxy writes it, without brackets.
[[nodiscard]] const char* section_of(Listener::Kind kind);

// [Resolve]: how names of targets become addresses.
struct Resolving {
  // ResolveStrategy. kAuto: IPv6 first, but IPv4 where the interface has IPv4 addresses only.
  enum class Strategy : std::uint8_t { kAuto, kIpv4, kIpv6 };
  // ResolveBy: kTunnel asks the servers of DNS= through the tunnel, kSystem the host's resolver.
  enum class By : std::uint8_t { kTunnel, kSystem };

  Strategy strategy = Strategy::kAuto;
  By by = By::kTunnel;  // the parser says kSystem where there is no DNS=, and none is written
};

struct ProxyConfig {
  // Address (each with its full length), PrivateKey, DNS, MTU (1420 unless written), ListenPort,
  // and the peers. A peer without AllowedIPs has 0.0.0.0/0 and ::/0. Endpoints may be names.
  // Nothing is left in `tunnel.unresolved`.
  config::TunnelConfig tunnel;
  std::vector<IpAddress> check_alive;
  std::chrono::seconds check_alive_interval{5};
  Resolving resolving;
  std::vector<Listener> listeners;  // in the order of the file
};

}  // namespace wring::proxy
