// Any bytes as a configuration of the proxy: no message holds what could be a key, and what is
// accepted keeps to what its structs promise.
#include <algorithm>
#include <cstdlib>
#include <string>

#include "key_runs.h"
#include "proxyconfig/reader.h"

using namespace wring::proxy;
using Kind = Listener::Kind;

static void require(bool holds) {
  if (!holds) std::abort();
}

static void check(const Listener& one) {
  const bool inside = one.kind == Kind::kTcpServer || one.kind == Kind::kUdpServer;
  const bool proxy = one.kind == Kind::kSocks5 || one.kind == Kind::kHttp || one.kind == Kind::kSni;
  const bool gateway = one.kind == Kind::kGateway;
  require(gateway == !one.reachable.empty());
  for (const Reachable& each : one.reachable)
    require(each.first_port != 0 && each.first_port <= each.last_port);
  require(proxy || gateway || (!one.target.host.empty() && one.target.port != 0));
  require(!inside || one.listen_port != 0);
  require(one.bind.kind != BindAddress::Kind::kUnix || one.bind.path.starts_with('/'));
  require(one.bind.mode <= 0777 && one.inactivity.count() >= 0);
  require(one.certificate_file.empty() == one.key_file.empty());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Sources sources;
  sources.variable = [](std::string_view name) { return std::optional(std::string(name)); };
  sources.service = [](std::string_view name) { return static_cast<std::uint16_t>(name.size()); };
  sources.readable = [](const std::string&) { return wring::Result<void>(); };
  sources.file = [&text](const std::string& path) -> wring::Result<std::string> {
    return path.ends_with('f') ? text : path;
  };
  const Reading reading = read_config(text, "f", sources);
  std::string messages = messages_of(reading, true);
  std::ranges::replace(messages, '/', ' ');  // a path may be long
  require(wring::fuzz::longest_key_run(messages) < 32);
  if (reading.has_errors()) return 0;
  const auto& tunnel = reading.config.tunnel;
  require(tunnel.interface.private_key && tunnel.interface.mtu && !tunnel.peers.empty());
  for (const auto& peer : tunnel.peers)
    require(peer.public_key && !peer.allowed_ips.empty() && tunnel.unresolved.empty());
  std::ranges::for_each(reading.config.listeners, check);
  return 0;
}
