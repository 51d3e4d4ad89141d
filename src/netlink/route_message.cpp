// Writes RTM_GETROUTE and reads RTM_NEWROUTE.
#include "netlink/route_message.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>

namespace wring {
namespace {

std::uint32_t mtu_in(const nlattr& metrics) {
  std::uint32_t mtu = 0;
  for_each_inside(metrics, [&](const nlattr& metric) {
    if (mnl_attr_get_type(&metric) == RTAX_MTU) mtu = number_in(metric).value_or(0);
  });
  return mtu;
}

}  // namespace

RouteQuestion question_for(const Endpoint& endpoint, std::uint32_t fwmark) {
  RouteQuestion question;
  question.family = static_cast<std::uint8_t>(endpoint.remote.any.sa_family);
  question.fwmark = fwmark;
  if (endpoint.is_v4()) {
    question.to = bytes_of(endpoint.remote.v4.sin_addr);
  } else {
    question.to = bytes_of(endpoint.remote.v6.sin6_addr);
    question.interface = endpoint.remote.v6.sin6_scope_id;
  }
  return question;
}

RtRequest request_of(const RouteQuestion& question) {
  RtRequest request(RTM_GETROUTE, 0);
  auto& header = request.header<rtmsg>();
  header.rtm_family = question.family;
  header.rtm_dst_len = static_cast<std::uint8_t>(question.to.size() * 8);
  header.rtm_src_len = static_cast<std::uint8_t>(question.from.size() * 8);
  request.put(RTA_DST, question.to);
  if (!question.from.empty()) request.put(RTA_SRC, question.from);
  if (question.interface != 0) request.put(RTA_OIF, question.interface);
  if (question.fwmark != 0) request.put(RTA_MARK, question.fwmark);
  if (question.to_port != 0) {
    mnl_attr_put_u8(request.message(), RTA_IP_PROTO, IPPROTO_UDP);
    mnl_attr_put_u16(request.message(), RTA_SPORT, question.from_port);
    mnl_attr_put_u16(request.message(), RTA_DPORT, question.to_port);
  }
  return request;
}

std::optional<Route> route_in(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(rtmsg)) return std::nullopt;
  const auto& header = *static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&message));
  if (header.rtm_family != AF_INET && header.rtm_family != AF_INET6) return std::nullopt;
  Route route;
  route.type = header.rtm_type;
  route.cached = (header.rtm_flags & RTM_F_CLONED) != 0;
  route.table = header.rtm_table;
  IpAddress to = header.rtm_family == AF_INET ? IpAddress::v4({}) : IpAddress::v6({});
  for_each_attribute(message, sizeof(rtmsg), [&](const nlattr& attribute) {
    switch (mnl_attr_get_type(&attribute)) {
      case RTA_DST:
        to = address_in(attribute, header.rtm_family).value_or(to);
        break;
      case RTA_TABLE:
        route.table = number_in(attribute).value_or(route.table);
        break;
      case RTA_OIF:
        route.interface = number_in(attribute).value_or(0);
        break;
      case RTA_PREFSRC:
        route.source = address_in(attribute, header.rtm_family).value_or(route.source);
        break;
      case RTA_METRICS:
        route.mtu = mtu_in(attribute);
        break;
      default:
        break;
    }
  });
  route.to = IpPrefix(to, std::min(header.rtm_dst_len, to.full_length()));
  return route;
}

}  // namespace wring
