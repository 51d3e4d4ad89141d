// Addresses as lwIP has them, and as all else has them.
#pragma once

#include <lwip/ip_addr.h>

#include "ip/ip_address.h"

namespace wring::stack {

[[nodiscard]] ip_addr_t to_lwip(const IpAddress& address);
[[nodiscard]] IpAddress from_lwip(const ip_addr_t& address);

}  // namespace wring::stack
