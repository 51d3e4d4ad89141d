// Makes a packet's checksums right, which a mutation seldom does, so that what lies behind the
// check is reached.
#pragma once

#include <span>

#include "ip/ip_header.h"
#include "ip/transport_header.h"
#include "ip/transport_view.h"

namespace wring::fuzz {

inline void make_checksums_right(MutByteSpan packet) {
  const auto ip = inspect(packet);
  if (!ip) return;
  const auto view = view_transport(packet, *ip);
  if (!view) return;
  if (view->version == 4) {
    store(packet, Be<std::uint16_t>(0), offsetof(Ipv4Header, checksum));
    store(packet, Be<std::uint16_t>(internet_checksum(packet.first(view->transport))),
          offsetof(Ipv4Header, checksum));
  }
  const std::size_t field = view->transport + (view->is_tcp() ? offsetof(TcpHeader, checksum)
                                                              : offsetof(UdpHeader, checksum));
  store(packet, Be<std::uint16_t>(0), field);
  InternetChecksum sum = pseudo_header_sum(packet, *view);
  sum.add(static_cast<std::uint16_t>(view->total - view->transport));
  sum.add(packet.subspan(view->transport, view->total - view->transport));
  // UDP writes zero as its complement, for 0 says that there is none (RFC 768).
  const bool avoids_zero = !view->is_tcp() && sum.value() == 0;
  store(packet, Be<std::uint16_t>(avoids_zero ? std::uint16_t{0xffff} : sum.value()), field);
}

}  // namespace wring::fuzz
