// Writes the control messages of sendmsg, and reads those of recvmsg.
#include "io/datagram_headers.h"

#include <netinet/ip.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

namespace wring {
namespace {

// Writes control messages one behind the other.
class ControlWriter {
 public:
  explicit ControlWriter(std::byte* room) : room_(room) {}

  template <typename T>
  void put(int level, int type, const T& value) {
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(sizeof value);
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(room_ + size_, &header, sizeof header);
    std::memcpy(room_ + size_ + CMSG_LEN(0), &value, sizeof value);
    size_ += CMSG_SPACE(sizeof value);
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::byte* room_;
  std::size_t size_ = 0;
};

void put_v4(const OutgoingDatagram& datagram, ControlWriter& control) {
  if (datagram.to->source.v4.s_addr != 0 && datagram.to->source_refused == 0) {
    in_pktinfo info{};
    info.ipi_spec_dst = datagram.to->source.v4;
    control.put(IPPROTO_IP, IP_PKTINFO, info);
  }
  if (datagram.tos != 0) control.put(IPPROTO_IP, IP_TOS, int{datagram.tos});
  if (datagram.hop_limit != 0) control.put(IPPROTO_IP, IP_TTL, int{datagram.hop_limit});
}

void put_v6(const OutgoingDatagram& datagram, ControlWriter& control) {
  const in6_addr& source = datagram.to->source.v6;
  if (!IN6_IS_ADDR_UNSPECIFIED(&source) && datagram.to->source_refused == 0) {
    in6_pktinfo info{};
    info.ipi6_addr = source;
    if (IN6_IS_ADDR_LINKLOCAL(&source)) info.ipi6_ifindex = datagram.to->source_ifindex;
    control.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  if (datagram.tos != 0) control.put(IPPROTO_IPV6, IPV6_TCLASS, int{datagram.tos});
  if (datagram.hop_limit != 0) control.put(IPPROTO_IPV6, IPV6_HOPLIMIT, int{datagram.hop_limit});
}

bool read_name(ByteSpan name, Endpoint& from) {
  if (name.size() < sizeof(sa_family_t)) return false;
  const auto family = load<sa_family_t>(name);
  // Field by field, because endpoints are compared as bytes. The rest of the kernel's address
  // (sin_zero, the flow label) does not belong to it.
  if (family == AF_INET && name.size() >= sizeof(sockaddr_in)) {
    const auto address = load<sockaddr_in>(name);
    from.remote.v4.sin_family = AF_INET;
    from.remote.v4.sin_port = address.sin_port;
    from.remote.v4.sin_addr = address.sin_addr;
    return true;
  }
  if (family == AF_INET6 && name.size() >= sizeof(sockaddr_in6)) {
    const auto address = load<sockaddr_in6>(name);
    from.remote.v6.sin6_family = AF_INET6;
    from.remote.v6.sin6_port = address.sin6_port;
    from.remote.v6.sin6_addr = address.sin6_addr;
    from.remote.v6.sin6_scope_id = address.sin6_scope_id;
    return true;
  }
  return false;
}

void take(const cmsghdr& header, ByteSpan data, ReceivedDatagram& datagram) {
  if (header.cmsg_level == IPPROTO_IP) {
    if (header.cmsg_type == IP_PKTINFO && data.size() >= sizeof(in_pktinfo)) {
      const auto info = load<in_pktinfo>(data);
      datagram.from.source.v4 = info.ipi_spec_dst;
      datagram.from.set_source_ifindex(static_cast<std::uint32_t>(info.ipi_ifindex));
    } else if (header.cmsg_type == IP_TOS && !data.empty()) {
      datagram.tos = data[0];
    }
  } else if (header.cmsg_level == IPPROTO_IPV6) {
    if (header.cmsg_type == IPV6_PKTINFO && data.size() >= sizeof(in6_pktinfo)) {
      const auto info = load<in6_pktinfo>(data);
      datagram.from.source.v6 = info.ipi6_addr;
      datagram.from.set_source_ifindex(info.ipi6_ifindex);
    } else if (header.cmsg_type == IPV6_TCLASS && data.size() >= sizeof(int)) {
      datagram.tos = static_cast<std::uint8_t>(load<int>(data));
    }
  } else if (header.cmsg_level == IPPROTO_UDP) {
    if (header.cmsg_type == UDP_GRO && data.size() >= sizeof(int)) {
      datagram.segment_size = static_cast<std::uint16_t>(load<int>(data));
    }
  }
}

}  // namespace

void SendHeader::fill(const OutgoingDatagram& datagram) {
  // sendmsg only reads through these pointers; its argument lacks the const.
  payload_.iov_base = const_cast<std::uint8_t*>(datagram.payload.data());
  payload_.iov_len = datagram.payload.size();
  message_.msg_name = const_cast<Endpoint::Remote*>(&datagram.to->remote);
  message_.msg_namelen = datagram.to->remote_size();
  message_.msg_iov = &payload_;
  message_.msg_iovlen = 1;
  ControlWriter control(control_);
  if (datagram.to->is_v4()) {
    put_v4(datagram, control);
  } else {
    put_v6(datagram, control);
  }
  if (datagram.segment_size != 0) control.put(IPPROTO_UDP, UDP_SEGMENT, datagram.segment_size);
  message_.msg_control = control.size() == 0 ? nullptr : control_;
  message_.msg_controllen = control.size();
}

bool read_headers(ByteSpan name, ByteSpan control, ReceivedDatagram& datagram) {
  datagram.from = Endpoint{};
  datagram.tos = 0;
  datagram.segment_size = 0;
  if (!read_name(name, datagram.from)) return false;
  while (control.size() >= sizeof(cmsghdr)) {
    const auto header = load<cmsghdr>(control);
    if (header.cmsg_len < CMSG_LEN(0) || header.cmsg_len > control.size()) break;
    take(header, control.subspan(CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0)), datagram);
    control = control.subspan(std::min(CMSG_ALIGN(header.cmsg_len), control.size()));
  }
  return true;
}

}  // namespace wring
