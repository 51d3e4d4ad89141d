// Two threads: one outside, which makes sockets there, and one inside, which does all else. With a
// stack there is no inside, and one thread is enough.
#include "proxy/relay_process.h"

#include <linux/netlink.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "exec/inner_interface.h"
#include "exec/namespaces.h"
#include "process/confinement.h"
#include "process/core_dumps.h"
#include "proxy/forgetting.h"
#include "proxy/relays.h"
#include "proxy/sides.h"
#include "proxy/stack_side.h"
#include "proxy/stdio_bridge.h"

namespace wring::proxy {
namespace {

using exec::Channel;
using exec::Message;

// What the look-up of names outside may read once it is set up.
const std::vector<std::string> kNameFiles{"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf",
                                          "/etc/host.conf"};

Result<void> make_interface(const Channel& channel) {
  if (auto made = exec::make_network_namespace(); !made) return made;
  exec::let_ping_open_sockets();
  exec::let_all_ports_be_bound();
  exec::let_ports_be_used_again();
  auto interface = exec::make_inner_interface(kInnerName);
  if (!interface) return tl::unexpected(interface.error());
  UniqueFd routing(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!routing) return system_failure("cannot make a netlink socket", errno);
  Message ready;
  ready.number = static_cast<int>(interface->kind);
  for (UniqueFd* const each : {&interface->packets, &interface->netlink, &routing})
    ready.descriptors.push_back(std::move(*each));
  return channel.send(ready);
}

// Returns when the connection of stdin and stdout is over, or there is nobody to serve for.
Result<void> serve(const Channel& channel, RelayTask& task, Side& inside, Side& outside,
                   StdioBridge& bridge) {
  const auto start = channel.receive();
  if (!start) return tl::unexpected(start.error());
  auto relays = Relays::open(task, inside, outside, std::move(bridge.socket));
  if (!relays) return tl::unexpected(relays.error());
  forbid_core_dumps();
  auto confined = is_gateway(task.config) ? confine_gateway(kNameFiles) : confine_relay(kNameFiles);
  if (!confined) return confined;
  (*relays)->run(channel);
  relays->reset();
  if (bridge.to_stdout.joinable()) bridge.to_stdout.join();
  return {};
}

Result<void> live_inside(const Channel& channel, RelayTask& task, OtherSide& outside,
                         StdioBridge& bridge) {
  if (auto made = make_interface(channel); !made) return made;
  HereSide here;
  return serve(channel, task, here, outside, bridge);
}

// `inside` is left open: stack and engine end when it is closed, which is not to be known before
// our last word.
Result<void> live_with_stack(const Channel& channel, RelayTask& task, StdioBridge& bridge,
                             std::optional<StackSide>& inside) {
  Message ready;
  ready.number = static_cast<int>(exec::InnerInterface::Kind::kStack);
  if (auto sent = channel.send(ready); !sent) return sent;
  std::vector<IpAddress> addresses;
  for (const auto& each : task.config.tunnel.interface.addresses)
    addresses.push_back(each.value.address);
  inside.emplace(std::move(task.stack), std::move(addresses));
  HereSide outside;
  return serve(channel, task, *inside, outside, bridge);
}

[[noreturn]] void fail(const Channel& channel, const Error& error) {
  Message failed;
  failed.kind = Message::Kind::kFailed;
  failed.text = error.message;
  failed.number = error.code;
  // If nobody hears it, nobody misses us.
  static_cast<void>(channel.send(failed));
  _exit(EXIT_FAILURE);
}

}  // namespace

bool is_gateway(const ProxyConfig& config) {
  return std::ranges::find(config.listeners, Listener::Kind::kGateway, &Listener::kind) !=
         config.listeners.end();
}

void run_relay(const Channel& channel, RelayTask& task) {
  forget_environment();
  ::signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (is_gateway(task.config)) task.pings = PingSockets::open();
  if (!task.stack) {
    if (auto made = exec::make_user_namespace(); !made) fail(channel, made.error());
  }
  StdioBridge bridge;
  for (const Listener& listener : task.config.listeners) {
    if (listener.kind != Listener::Kind::kStdio || bridge.socket) continue;
    auto made = bridge_stdio([&channel] {
      if (auto confined = confine_relay({}); !confined) fail(channel, confined.error());
    });
    if (!made) fail(channel, made.error());
    bridge = std::move(*made);
  }
  // The bridge's thread may run still if this fails, so the bridge is left as it is then.
  const auto end_with = [&channel](const Result<void>& ended) {
    if (!ended) fail(channel, ended.error());
    Message over;
    over.kind = Message::Kind::kEnded;
    static_cast<void>(channel.send(over));
    _exit(EXIT_SUCCESS);
  };
  std::optional<StackSide> with_stack;
  if (task.stack) end_with(live_with_stack(channel, task, bridge, with_stack));
  OtherSide outside;
  std::thread([&] { end_with(live_inside(channel, task, outside, bridge)); }).detach();
  if (auto confined = confine_relay({}); !confined) fail(channel, confined.error());
  outside.serve();
  _exit(EXIT_SUCCESS);
}

}  // namespace wring::proxy
