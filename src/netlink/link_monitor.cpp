// Follows one interface by RTM_NEWLINK and RTM_DELLINK, from namespace to namespace.
#include "netlink/link_monitor.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "netlink/rtnetlink.h"

namespace wring {
namespace {

// How often we look again. The interface may move on while we look, or notices may be lost.
constexpr int kMaxAttempts = 16;
constexpr std::size_t kMessageRoom = 32768;  // the kernel never makes a netlink message larger

bool is_deleted(int tun_fd) {
  ifreq request{};
  return ioctl(tun_fd, TUNGETIFF, &request) != 0 && errno == EBADFD;
}

std::optional<unsigned> mtu_in(const nlmsghdr& message) {
  std::optional<unsigned> mtu;
  for_each_attribute(message, sizeof(ifinfomsg), [&](const nlattr& attribute) {
    if (mnl_attr_get_type(&attribute) == IFLA_MTU) mtu = number_in(attribute);
  });
  return mtu;
}

// False also on a kernel before 5.14, which does not tell.
bool is_of_our_namespace(int netlink) {
  const UniqueFd ours(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  const auto cookie = [](int fd) -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &value, &size) != 0) return std::nullopt;
    return value;
  };
  const auto of_ours = cookie(ours.get());
  return of_ours && of_ours == cookie(netlink);
}

// The kernel tells the namespace of a message, unless it is ours.
int namespace_of(msghdr& received) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&received); each != nullptr;
       each = CMSG_NXTHDR(&received, each)) {
    if (each->cmsg_level == SOL_NETLINK && each->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
      int id = kOwnNamespace;
      std::memcpy(&id, CMSG_DATA(each), sizeof id);
      return id;
    }
  }
  return kOwnNamespace;
}

}  // namespace

void LinkMonitor::CloseSocket::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

int LinkMonitor::fd() const {
  return socket_ == nullptr ? -1 : mnl_socket_get_fd(socket_.get());
}

LinkMonitor LinkMonitor::of_stack(unsigned mtu) {
  LinkMonitor monitor(-1);
  monitor.elsewhere_ = true;
  monitor.state_ = {true, true, mtu};
  return monitor;
}

Result<LinkMonitor> LinkMonitor::open(int tun_fd) {
  LinkMonitor monitor(tun_fd);
  if (auto done = monitor.listen(); !done) return tl::unexpected(done.error());
  if (auto done = monitor.follow(); !done) return tl::unexpected(done.error());
  if (!monitor.state_.exists) return failure("the interface was deleted", EBADFD);
  return monitor;
}

Result<LinkMonitor> LinkMonitor::open_there(UniqueFd netlink, const std::string& name) {
  LinkMonitor monitor(-1);
  monitor.name_ = name;
  if (auto done = monitor.listen_there(std::move(netlink)); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = monitor.look(); !done) return tl::unexpected(done.error());
  if (!monitor.state_.exists) return failure("there is no interface " + name, ENODEV);
  return monitor;
}

Result<void> LinkMonitor::listen_there(UniqueFd netlink) {
  elsewhere_ = netlink && !is_of_our_namespace(netlink.get());
  if (!netlink) netlink.reset(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink) return system_failure("cannot open a netlink socket", errno);
  const int status = fcntl(netlink.get(), F_GETFL);
  if (status < 0 || fcntl(netlink.get(), F_SETFL, status | O_NONBLOCK) < 0) {
    return system_failure("cannot make a netlink socket non-blocking", errno);
  }
  socket_.reset(mnl_socket_fdopen(netlink.get()));
  if (socket_ == nullptr) return system_failure("cannot use a netlink socket", errno);
  static_cast<void>(netlink.release());
  // A socket that has asked before has its number already.
  const auto number = static_cast<pid_t>(mnl_socket_get_portid(socket_.get()));
  if (mnl_socket_bind(socket_.get(), RTMGRP_LINK, number) != 0) {
    return system_failure("cannot listen for changes of the interface", errno);
  }
  return {};
}

// For an interface that is not followed.
Result<void> LinkMonitor::look() {
  for (int i = 0; i < kMaxAttempts; ++i) {
    if (auto asked = request_state(); !asked) return asked;
    auto heard = drain();
    if (!heard) return tl::unexpected(heard.error());
    if (*heard == Heard::kOverrun) continue;
    if (*heard != Heard::kState) state_ = LinkState{};
    return {};
  }
  return failure("the interfaces change faster than they can be followed", EAGAIN);
}

Result<void> LinkMonitor::listen() {
  socket_.reset(mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket_ == nullptr) return system_failure("cannot open a netlink socket", errno);
  // This may be forbidden. Then poll() fails when the interface moves away.
  int on = 1;
  mnl_socket_setsockopt(socket_.get(), NETLINK_LISTEN_ALL_NSID, &on, sizeof on);
  if (mnl_socket_bind(socket_.get(), RTMGRP_LINK, MNL_SOCKET_AUTOPID) != 0) {
    return system_failure("cannot listen for changes of the interface", errno);
  }
  return {};
}

Result<std::optional<LinkState>> LinkMonitor::poll() {
  const LinkState before = state_;
  Heard heard = Heard::kOverrun;
  for (int i = 0; i < kMaxAttempts && heard == Heard::kOverrun && state_.exists; ++i) {
    auto drained = drain();
    if (!drained) return tl::unexpected(drained.error());
    heard = *drained;
    if (heard == Heard::kOverrun) {
      // Messages were lost. The answer to a question is the present state, whatever they said.
      if (auto asked = request_state(); !asked) return tl::unexpected(asked.error());
    }
  }
  if (heard == Heard::kLeft) {
    if (auto followed = tun_fd_ < 0 ? look() : follow(); !followed)
      return tl::unexpected(followed.error());
  }
  if (state_ == before) return std::nullopt;
  return state_;
}

// Finds the interface in its present namespace. We ask for the namespace, and then we ask in the
// namespace. The interface may move between the two questions. Then it is unknown there, and we
// start over.
Result<void> LinkMonitor::follow() {
  for (int i = 0; i < kMaxAttempts; ++i) {
    if (is_deleted(tun_fd_)) {
      state_ = LinkState{};
      return {};
    }
    const auto where = namespace_id_of_tun(tun_fd_);
    if (!where && where.error().code == EBADFD) continue;
    if (!where) return tl::unexpected(where.error());
    namespace_ = *where;
    ifindex_ = 0;
    if (auto asked = request_state(); !asked) return asked;
    auto heard = drain();
    if (!heard) return tl::unexpected(heard.error());
    if (*heard == Heard::kState) return {};
  }
  return failure("the interface moves between network namespaces faster than it can be followed",
                 EAGAIN);
}

Result<std::string> LinkMonitor::present_name() const {
  if (tun_fd_ < 0) return name_;
  ifreq interface {};
  if (ioctl(tun_fd_, TUNGETIFF, &interface) != 0 && errno != EBADFD) {
    return system_failure("cannot ask for the name of the interface", errno);
  }
  return std::string(interface.ifr_name);
}

// The answer is in the socket's queue when this returns.
Result<void> LinkMonitor::request_state() {
  const auto name = present_name();
  if (!name) return tl::unexpected(name.error());
  RtRequest request(RTM_GETLINK, 0);
  auto& link = request.header<ifinfomsg>();
  nlmsghdr* const message = request.message();
  message->nlmsg_seq = ++question_;
  if (namespace_ != kOwnNamespace) {
    request.put(IFLA_TARGET_NETNSID, static_cast<std::uint32_t>(namespace_));
  }
  // One that is not followed may have been renamed, but keeps its number.
  if (tun_fd_ < 0 && ifindex_ != 0) {
    link.ifi_index = ifindex_;
  } else {
    mnl_attr_put_strz(message, IFLA_IFNAME, name->c_str());
  }
  if (mnl_socket_sendto(socket_.get(), message, message->nlmsg_len) < 0) {
    return system_failure("cannot ask for the state of the interface", errno);
  }
  return {};
}

Result<LinkMonitor::Heard> LinkMonitor::drain() {
  alignas(nlmsghdr) std::array<char, kMessageRoom> buffer;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control;
  Heard result = Heard::kNothing;
  bool overrun = false;
  while (true) {
    iovec room{buffer.data(), buffer.size()};
    sockaddr_nl from{};
    msghdr received{};
    received.msg_name = &from;
    received.msg_namelen = sizeof from;
    received.msg_iov = &room;
    received.msg_iovlen = 1;
    received.msg_control = control.data();
    received.msg_controllen = control.size();
    const ssize_t size = recvmsg(fd(), &received, 0);
    if (size < 0) {
      if (errno == EAGAIN) return overrun ? Heard::kOverrun : result;
      if (errno == EINTR) continue;
      // We go on reading, because a full socket has no room for an answer.
      if (errno == ENOBUFS) {
        overrun = true;
        continue;
      }
      return system_failure("cannot read the changes of the interface", errno);
    }
    if (from.nl_pid != 0) continue;  // of a process, not of the kernel
    const int from_namespace = namespace_of(received);
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      const Heard heard = take(*message, from_namespace);
      if (heard == Heard::kLeft) return heard;
      if (heard != Heard::kNothing) result = heard;
    }
  }
}

LinkMonitor::Heard LinkMonitor::take(const nlmsghdr& message, int from_namespace) {
  const bool is_answer = message.nlmsg_pid == mnl_socket_get_portid(socket_.get());
  if (is_answer && message.nlmsg_seq != question_) return Heard::kNothing;
  // We ask only for this interface, so an error says that it is not here.
  if (message.nlmsg_type == NLMSG_ERROR) return is_answer ? Heard::kLeft : Heard::kNothing;
  if (message.nlmsg_type != RTM_NEWLINK && message.nlmsg_type != RTM_DELLINK)
    return Heard::kNothing;
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(ifinfomsg)) return Heard::kNothing;
  const auto& link = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  if (link.ifi_family != AF_UNSPEC) return Heard::kNothing;
  if (is_answer) {
    ifindex_ = link.ifi_index;
  } else if (link.ifi_index != ifindex_ || from_namespace != namespace_) {
    return Heard::kNothing;
  }
  if (message.nlmsg_type == RTM_DELLINK) return Heard::kLeft;
  state_.exists = true;
  state_.up = (link.ifi_flags & IFF_UP) != 0;
  if (const auto mtu = mtu_in(message)) state_.mtu = *mtu;
  return Heard::kState;
}

}  // namespace wring
