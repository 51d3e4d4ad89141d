// Endpoints as the control socket and `wg` write them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "ip/endpoint.h"

namespace wring {

// The index of an interface by its name, 0 if there is none: if_nametoindex(). It makes system
// calls, so the caller passes it in.
using IndexOfInterface = unsigned (*)(const char* name);

// "192.0.2.1:51820", "[2001:db8::1]:51820" or "[fe80::1%eth0]:51820". The zone is a number, or a
// name for `index_of`; without it no name is taken. Host names are not taken: `wg` resolves them.
// Refuses port 0. The error's code is EINVAL, or ENODEV for a zone that names no interface.
Result<Endpoint> parse_endpoint(std::string_view text, IndexOfInterface index_of = nullptr);

}  // namespace wring
