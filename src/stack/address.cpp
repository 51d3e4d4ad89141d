// Copies bytes, which are in network order on both sides.
#include "stack/address.h"

#include <cstring>

namespace wring::stack {

ip_addr_t to_lwip(const IpAddress& address) {
  ip_addr_t made{};
  if (address.is_v4()) {
    IP_SET_TYPE_VAL(made, IPADDR_TYPE_V4);
    std::memcpy(&ip_2_ip4(&made)->addr, address.bytes.data(), 4);
  } else {
    IP_SET_TYPE_VAL(made, IPADDR_TYPE_V6);
    std::memcpy(ip_2_ip6(&made)->addr, address.bytes.data(), 16);
  }
  return made;
}

IpAddress from_lwip(const ip_addr_t& address) {
  IpAddress made;
  if (IP_IS_V6_VAL(address)) {
    made.version = IpVersion::kV6;
    std::memcpy(made.bytes.data(), ip_2_ip6(&address)->addr, 16);
  } else {
    std::memcpy(made.bytes.data(), &ip_2_ip4(&address)->addr, 4);
  }
  return made;
}

}  // namespace wring::stack
