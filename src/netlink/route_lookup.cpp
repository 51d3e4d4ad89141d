// RTM_GETROUTE, for the way to the peer and, where that leaves it open, for the source itself.
#include "netlink/route_lookup.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace wring {
namespace {

constexpr std::size_t kQuestionRoom = 256;
constexpr std::size_t kAnswerRoom = 4096;  // a route with metrics and encapsulation takes less

void put_address(nlmsghdr* header, std::uint16_t type, ByteSpan address) {
  mnl_attr_put(header, type, address.size(), address.data());
}

ByteSpan bytes_of(const in_addr& address) {
  return {reinterpret_cast<const std::uint8_t*>(&address), sizeof address};
}

ByteSpan bytes_of(const in6_addr& address) {
  return {address.s6_addr, sizeof address.s6_addr};
}

}  // namespace

struct RouteLookup::Question {
  std::uint8_t family = AF_UNSPEC;
  ByteSpan to;
  ByteSpan from;                // empty: none
  std::uint32_t interface = 0;  // the route must lead there; 0: anywhere
  std::uint32_t fwmark = 0;
  in_port_t to_port = 0;  // network order; rules and multipath hashes may ask for the ports
  in_port_t from_port = 0;
};

Result<RouteLookup> RouteLookup::open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket) return system_failure("cannot open a netlink socket", errno);
  return RouteLookup(std::move(socket));
}

std::optional<bool> RouteLookup::leaves_as_heard(const Endpoint& endpoint, std::uint16_t port,
                                                 std::uint32_t fwmark) {
  Question way;
  way.fwmark = fwmark;
  way.from_port = htons(port);
  if (endpoint.is_v4()) {
    way.family = AF_INET;
    way.to = bytes_of(endpoint.remote.v4.sin_addr);
    way.from = bytes_of(endpoint.source.v4);
    way.to_port = endpoint.remote.v4.sin_port;
  } else {
    // An IPv6 route is found for any source.
    const std::optional<bool> ours = is_ours(endpoint);
    if (!ours || !*ours) return ours;
    way.family = AF_INET6;
    way.to = bytes_of(endpoint.remote.v6.sin6_addr);
    way.from = bytes_of(endpoint.source.v6);
    way.interface = endpoint.remote.v6.sin6_scope_id;
    way.to_port = endpoint.remote.v6.sin6_port;
  }
  const auto found = ask(way);
  if (!found) return std::nullopt;
  if (found->error != 0) {
    // There is no route, or an IPv4 source is not ours: the error does not tell which.
    if (endpoint.is_v4() && is_ours(endpoint) == false) return false;
    return std::nullopt;
  }
  // To ourselves: it leaves by no interface.
  if (found->type == RTN_LOCAL) return true;
  return found->interface == endpoint.source_ifindex;
}

std::optional<bool> RouteLookup::is_ours(const Endpoint& endpoint) {
  Question source;
  if (endpoint.is_v4()) {
    source.family = AF_INET;
    source.to = bytes_of(endpoint.source.v4);
  } else {
    source.family = AF_INET6;
    source.to = bytes_of(endpoint.source.v6);
    if (IN6_IS_ADDR_LINKLOCAL(&endpoint.source.v6)) source.interface = endpoint.source_ifindex;
  }
  const auto found = ask(source);
  if (!found) return std::nullopt;
  return found->error == 0 && found->type == RTN_LOCAL;
}

std::optional<RouteLookup::Answer> RouteLookup::ask(const Question& question) {
  alignas(nlmsghdr) std::array<char, kQuestionRoom> buffer{};
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = RTM_GETROUTE;
  header->nlmsg_flags = NLM_F_REQUEST;
  header->nlmsg_seq = ++sequence_;
  auto* route = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(rtmsg)));
  route->rtm_family = question.family;
  route->rtm_dst_len = static_cast<std::uint8_t>(question.to.size() * 8);
  route->rtm_src_len = static_cast<std::uint8_t>(question.from.size() * 8);
  put_address(header, RTA_DST, question.to);
  if (!question.from.empty()) put_address(header, RTA_SRC, question.from);
  if (question.interface != 0) mnl_attr_put_u32(header, RTA_OIF, question.interface);
  if (question.fwmark != 0) mnl_attr_put_u32(header, RTA_MARK, question.fwmark);
  if (question.to_port != 0) {
    mnl_attr_put_u8(header, RTA_IP_PROTO, IPPROTO_UDP);
    mnl_attr_put_u16(header, RTA_SPORT, question.from_port);
    mnl_attr_put_u16(header, RTA_DPORT, question.to_port);
  }
  if (::send(socket_.get(), header, header->nlmsg_len, 0) < 0) return std::nullopt;
  return receive();
}

std::optional<RouteLookup::Answer> RouteLookup::receive() {
  alignas(nlmsghdr) std::array<char, kAnswerRoom> buffer;
  for (;;) {
    const ssize_t size = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size < 0) {
      if (errno == EINTR) continue;
      return std::nullopt;
    }
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    if (!mnl_nlmsg_ok(message, static_cast<int>(size))) return std::nullopt;
    if (message->nlmsg_seq != sequence_) continue;  // of a question that was given up
    Answer answer;
    if (message->nlmsg_type == NLMSG_ERROR) {
      if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) return std::nullopt;
      answer.error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
      return answer;
    }
    if (message->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) {
      return std::nullopt;
    }
    answer.type = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message))->rtm_type;
    const auto take = [](const nlattr* attribute, void* out) {
      if (mnl_attr_get_type(attribute) == RTA_OIF &&
          mnl_attr_validate(attribute, MNL_TYPE_U32) == 0) {
        static_cast<Answer*>(out)->interface = mnl_attr_get_u32(attribute);
      }
      return MNL_CB_OK;
    };
    mnl_attr_parse(message, sizeof(rtmsg), take, &answer);
    return answer;
  }
}

}  // namespace wring
