// Names of sections.
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

const char* section_of(Listener::Kind kind) {
  switch (kind) {
    case Listener::Kind::kSocks5:
      return "Socks5";
    case Listener::Kind::kHttp:
      return "http";
    case Listener::Kind::kSni:
      return "SNI";
    case Listener::Kind::kTcpClient:
      return "TCPClientTunnel";
    case Listener::Kind::kTcpServer:
      return "TCPServerTunnel";
    case Listener::Kind::kStdio:
      return "STDIOTunnel";
    case Listener::Kind::kUdpClient:
      return "UDPProxyTunnel";
    case Listener::Kind::kUdpServer:
      return "UDPServerTunnel";
    case Listener::Kind::kGateway:
      return "Gateway";
  }
  return "";
}

}  // namespace wring::proxy
