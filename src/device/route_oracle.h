// What the device asks of the routing table.
#pragma once

#include <optional>

#include "ip/endpoint.h"

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

  // Throws away the notices of changes that have come, and returns whether there were any.
  virtual bool take_notices() = 0;
};

}  // namespace wring
