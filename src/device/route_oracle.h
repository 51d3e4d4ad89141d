// What the device asks of the routing table.
#pragma once

#include <cstdint>
#include <optional>

#include "ip/endpoint.h"
#include "ip/ip_address.h"

namespace wring {

// Control thread.
class RouteOracle {
 public:
  RouteOracle() = default;
  RouteOracle(const RouteOracle&) = delete;
  RouteOracle& operator=(const RouteOracle&) = delete;
  virtual ~RouteOracle() = default;

  // Whether a datagram to the endpoint, from its source, leaves by the interface that the peer was
  // heard on. False, too, if the source is no longer an address of this host. Nothing if the
  // routing table does not say, because there is no route at all, for example. The endpoint has a
  // source.
  [[nodiscard]] virtual std::optional<bool> leaves_as_heard(const Endpoint& endpoint) = 0;

  // The way of a datagram that leaves to the endpoint without a source. Nothing if there is no
  // route, or no answer.
  struct Way {
    std::uint32_t interface = 0;
    IpAddress source;  // that the kernel gives it

    friend bool operator==(const Way&, const Way&) = default;
  };
  [[nodiscard]] virtual std::optional<Way> way_without_source(const Endpoint& endpoint) = 0;

  // Throws away the notices of changes that have come, and returns whether there were any.
  virtual bool take_notices() = 0;
};

}  // namespace wring
