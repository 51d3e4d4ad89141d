// The kernel's routing table, as the device asks it: for the port and the fwmark of the sockets.
#pragma once

#include <optional>
#include <utility>

#include "daemon/udp_binding.h"
#include "device/route_oracle.h"
#include "netlink/route_lookup.h"
#include "netlink/route_notices.h"

namespace wring {

// Control thread.
class KernelRoutes final : public RouteOracle {
 public:
  KernelRoutes(RouteLookup lookup, RouteNotices notices, const UdpBinding& binding)
      : lookup_(std::move(lookup)), notices_(std::move(notices)), binding_(binding) {}

  // Readable when take_notices() would return true.
  [[nodiscard]] int fd() const { return notices_.fd(); }
  std::optional<bool> leaves_as_heard(const Endpoint& endpoint) override {
    return lookup_.leaves_as_heard(endpoint, binding_.port(), binding_.fwmark());
  }
  std::optional<Way> way_without_source(const Endpoint& endpoint) override {
    const auto route = lookup_.way_without_source(endpoint, binding_.port(), binding_.fwmark());
    if (!route) return std::nullopt;
    return Way{route->interface, route->source};
  }
  bool take_notices() override { return notices_.take(); }

 private:
  RouteLookup lookup_;
  RouteNotices notices_;
  const UdpBinding& binding_;
};

}  // namespace wring
