// Makes namespaces and the cable between them.
#include "measure/joined_hosts.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/interfaces.h"
#include "ip/endpoint_parse.h"
#include "netlink/network_changes.h"
#include "netlink/rtnetlink.h"
#include "netlink/veth.h"

namespace wring::measure {
namespace {

constexpr const char* kAdvice =
    "run as root with CAP_SYS_ADMIN, or let users make namespaces: `wring doctor` says what "
    "refuses them";
constexpr const char* kCable = "cable";
constexpr std::uint8_t kPrefixLength = 24;

// Root of a user namespace of its own, as which a process may make the others.
Result<void> become_root_inside() {
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER) != 0) {
    return system_failure("this user may not make network namespaces, nor user namespaces", errno,
                          kAdvice);
  }
  const std::pair<const char*, std::string> settings[] = {
      {"/proc/self/setgroups", "deny"},
      {"/proc/self/uid_map", "0 " + uid + " 1"},
      {"/proc/self/gid_map", "0 " + gid + " 1"}};
  for (const auto& [path, text] : settings) {
    std::ofstream file(path);
    if (!(file << text << std::flush)) return failure(std::string("cannot write ") + path);
  }
  return {};
}

// An empty /run, so that the control sockets are nobody else's.
Result<void> hide_run() {
  std::error_code ignored;
  const auto run = std::filesystem::canonical("/var/run", ignored);
  const std::string path = run.empty() ? std::string("/run") : run.string();
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", path.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") != 0) {
    return system_failure("cannot hide " + path, errno, "run as root");
  }
  return {};
}

Result<UniqueFd> make_network() {
  if (unshare(CLONE_NEWNET) != 0) {
    return system_failure("cannot make a network namespace", errno, kAdvice);
  }
  UniqueFd network(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!network) return system_failure("cannot open the network namespace", errno);
  auto socket = RtSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  if (auto up = set_up_loopback(*socket); !up) return tl::unexpected(up.error());
  return network;
}

}  // namespace

Endpoint endpoint_at(const std::string& address, std::uint16_t port) {
  return parse_endpoint(address + ":" + std::to_string(port)).value();
}

Result<JoinedHosts> JoinedHosts::make() {
  if (unshare(CLONE_NEWNS) != 0) {
    if (errno != EPERM) return system_failure("cannot make a mount namespace", errno);
    if (auto root = become_root_inside(); !root) return tl::unexpected(root.error());
    if (unshare(CLONE_NEWNS) != 0) {
      return system_failure("cannot make a mount namespace", errno, kAdvice);
    }
  }
  if (auto hidden = hide_run(); !hidden) return tl::unexpected(hidden.error());
  std::array<UniqueFd, 2> networks;
  for (UniqueFd& network : networks) {
    auto made = make_network();
    if (!made) return tl::unexpected(made.error());
    network = std::move(*made);
  }
  JoinedHosts hosts(std::move(networks));
  if (auto laid = hosts.lay_cable(); !laid) return tl::unexpected(laid.error());
  return hosts;
}

void JoinedHosts::enter(unsigned host) const {
  // It is ours, so it cannot be refused.
  if (setns(networks_[host].get(), CLONE_NEWNET) != 0) std::abort();
}

std::string JoinedHosts::address(unsigned host) {
  return "192.0.2." + std::to_string(host + 1);
}

Result<void> JoinedHosts::set_up_interface(const std::string& name, const std::string& address,
                                           unsigned mtu) {
  const unsigned index = if_nametoindex(name.c_str());
  auto socket = RtSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  auto added = add_address(*socket, index, *IpAddress::parse(address), kPrefixLength);
  return added ? wring::set_up(*socket, index, mtu) : added;
}

Result<void> JoinedHosts::lay_cable() const {
  enter(0);
  auto socket = RtSocket::open();
  if (!socket) return tl::unexpected(socket.error());
  auto added = add_veth(*socket, {kCable}, kCableMtu, {kCable, networks_[1].get()});
  if (!added) return added;
  for (const unsigned host : {0U, 1U}) {
    enter(host);
    if (auto up = set_up_interface(kCable, address(host), kCableMtu); !up) return up;
  }
  return {};
}

}  // namespace wring::measure
