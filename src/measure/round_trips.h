// How long a small datagram takes there and back.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "ip/endpoint.h"

namespace wring::measure {

class RoundTrips {
 public:
  // Opens its socket in the network namespace of the calling thread.
  static Result<RoundTrips> open(const Endpoint& server);
  // The median of those of one echo after the other for that long, about 200 a second. If none came
  // back by then, it goes on until the first does, 7 s at most: the tunnel's first initiation may
  // have been lost. Any thread. An Error if no echo came back.
  [[nodiscard]] Result<Duration> median(Duration length) const;

 private:
  explicit RoundTrips(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace wring::measure
