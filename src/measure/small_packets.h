// As many small datagrams as get through.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "ip/endpoint.h"

namespace wring::measure {

// Sends datagrams of 64 bytes for that long, as fast as one thread can, and returns how many
// arrived in a second. In the network namespace of the calling thread.
[[nodiscard]] Result<double> small_packets(const Endpoint& server, Duration length);

}  // namespace wring::measure
