// The process that passes on bytes: one thread of it lives in the network of the tunnel.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "base/wakeup.h"
#include "exec/channel.h"
#include "proxy/counters.h"
#include "proxy/gateway_pings.h"
#include "proxy/tls.h"
#include "proxyconfig/proxy_config.h"

namespace wring::proxy {

struct RelayTask {
  const ProxyConfig& config;
  std::vector<UniqueFd> listeners;  // see open_outside()
  // Of each listener; null: it takes no TLS.
  std::vector<std::unique_ptr<TlsIdentity>> identities;
  Shared& shared;
  const Wakeup& somebody_waits;  // is told when the first does
  std::size_t most_connections = 0;
  // The copy of /etc/resolv.conf, which changes with Shared::host_names_version; empty: the file
  // itself, as it was at the start.
  std::string host_names;
  PingSockets pings{};  // of [Gateway]
  UniqueFd stack;       // to ask a TCP/IP stack, see StackSide; none: the kernel's, in namespaces
};

// Whether it has [Gateway], which takes the kernel's stack.
[[nodiscard]] bool is_gateway(const ProxyConfig& config);

// Of kReady, in this order; its number is the interface's kind. With a stack there are none.
enum RelayDescriptor : std::size_t { kRelayPackets, kRelayNetlink, kRelayRouting };
inline constexpr std::size_t kRelayDescriptors = 3;
inline constexpr const char* kInnerName = "wg0";

// In a process that was forked for it, with one thread. Without a stack, it makes a user namespace,
// and in it the network and its interface. It says kReady, and passes on bytes once it was told
// kStart. kEnded: a connection of stdin and stdout is over. It ends when the other end of the
// channel does.
[[noreturn]] void run_relay(const exec::Channel& channel, RelayTask& task);

}  // namespace wring::proxy
