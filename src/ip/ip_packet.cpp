// The addresses of a packet, as values.
#include "ip/ip_packet.h"

namespace wring {

IpAddress source_of(ByteSpan packet) {
  return ip_version(packet) == 4 ? IpAddress::v4(load<Ipv4Header>(packet).source)
                                 : IpAddress::v6(load<Ipv6Header>(packet).source);
}

IpAddress destination_of(ByteSpan packet) {
  return ip_version(packet) == 4 ? IpAddress::v4(load<Ipv4Header>(packet).destination)
                                 : IpAddress::v6(load<Ipv6Header>(packet).destination);
}

}  // namespace wring
