// Two hosts on a cable, made of namespaces that have no name and go with this process.
#pragma once

#include <array>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::measure {

// "192.0.2.1" and a port.
[[nodiscard]] Endpoint endpoint_at(const std::string& address, std::uint16_t port);

class JoinedHosts {
 public:
  static constexpr unsigned kCableMtu = 1500;
  // For each 1,500 bytes of the cable, less 20 + 8 + 32 and what IPv6 would take more.
  static constexpr unsigned kTunnelMtu = kCableMtu - 80;

  // Takes the process into a mount namespace of its own, with a /run that is empty, and makes two
  // network namespaces, joined by a cable of the kernel (veth). A user who may not do that gets a
  // user namespace of his own first. The process is to have no other thread, and does not come
  // back. The Error says what refuses it.
  static Result<JoinedHosts> make();

  // Takes the calling thread to host 0 or 1: sockets and interfaces that it makes are there, and
  // so are processes that it starts.
  void enter(unsigned host) const;
  // Of the host's end of the cable.
  [[nodiscard]] static std::string address(unsigned host);
  // Gives an interface of the present host an address, a /24, and sets it up.
  static Result<void> set_up_interface(const std::string& name, const std::string& address,
                                       unsigned mtu);

 private:
  explicit JoinedHosts(std::array<UniqueFd, 2> networks) : networks_(std::move(networks)) {}
  [[nodiscard]] Result<void> lay_cable() const;

  std::array<UniqueFd, 2> networks_;
};

}  // namespace wring::measure
