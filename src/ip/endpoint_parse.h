// Endpoints as the control socket and `wg` write them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "ip/endpoint.h"

namespace wring {

// "192.0.2.1:51820", "[2001:db8::1]:51820" or "[fe80::1%eth0]:51820" (the zone by name or number).
// Numeric only: whoever writes names has resolved them. Refuses port 0. The error's code is EINVAL,
// or ENODEV for a zone that names no interface.
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace wring
