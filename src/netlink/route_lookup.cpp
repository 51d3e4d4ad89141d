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

constexpr std::size_t kAnswerRoom = 4096;  // a route with metrics and encapsulation takes less

RouteQuestion question_of_datagram(const Endpoint& to, std::uint16_t port, std::uint32_t fwmark) {
  RouteQuestion question = question_for(to, fwmark);
  question.from_port = htons(port);
  question.to_port = to.is_v4() ? to.remote.v4.sin_port : to.remote.v6.sin6_port;
  return question;
}

}  // namespace

Result<RouteLookup> RouteLookup::open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  if (!socket) return system_failure("cannot open a netlink socket", errno);
  return RouteLookup(std::move(socket));
}

std::optional<bool> RouteLookup::leaves_as_heard(const Endpoint& endpoint, std::uint16_t port,
                                                 std::uint32_t fwmark) {
  RouteQuestion way = question_of_datagram(endpoint, port, fwmark);
  if (endpoint.is_v4()) {
    way.from = bytes_of(endpoint.source.v4);
  } else {
    // An IPv6 route is found for any source.
    const std::optional<bool> ours = is_ours(endpoint);
    if (!ours || !*ours) return ours;
    way.from = bytes_of(endpoint.source.v6);
  }
  const auto found = ask(way);
  if (!found) return std::nullopt;
  if (found->error != 0) {
    // There is no route, or an IPv4 source is not ours: the error does not tell which.
    if (endpoint.is_v4() && is_ours(endpoint) == false) return false;
    return std::nullopt;
  }
  // To ourselves: it leaves by no interface.
  if (found->route.type == RTN_LOCAL) return true;
  return found->route.interface == endpoint.source_ifindex;
}

std::optional<Route> RouteLookup::way_without_source(const Endpoint& endpoint, std::uint16_t port,
                                                     std::uint32_t fwmark) {
  const auto found = ask(question_of_datagram(endpoint, port, fwmark));
  if (!found || found->error != 0) return std::nullopt;
  return found->route;
}

std::optional<bool> RouteLookup::is_ours(const Endpoint& endpoint) {
  RouteQuestion source;
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
  return found->error == 0 && found->route.type == RTN_LOCAL;
}

std::optional<RouteLookup::Answer> RouteLookup::ask(const RouteQuestion& question) {
  RtRequest request = request_of(question);
  nlmsghdr* const message = request.message();
  message->nlmsg_seq = ++sequence_;
  if (::send(socket_.get(), message, message->nlmsg_len, 0) < 0) return std::nullopt;
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
    const auto route = route_in(*message);
    if (!route) return std::nullopt;
    answer.route = *route;
    return answer;
  }
}

}  // namespace wring
