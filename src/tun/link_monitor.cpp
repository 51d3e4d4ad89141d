#include "tun/link_monitor.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "tun/namespace_socket.h"

namespace wring {
namespace {

// The interface may move on, or messages overrun the socket, while we look: so often we look again.
constexpr int kMaxAttempts = 16;
constexpr std::size_t kMessageRoom = 32768;  // the kernel never makes a netlink message larger

bool is_deleted(int tun_fd) {
  ifreq request{};
  return ioctl(tun_fd, TUNGETIFF, &request) != 0 && errno == EBADFD;
}

std::optional<unsigned> mtu_in(const nlmsghdr& message) {
  std::optional<unsigned> mtu;
  const auto take = [](const nlattr* attribute, void* out) {
    if (mnl_attr_get_type(attribute) == IFLA_MTU &&
        mnl_attr_validate(attribute, MNL_TYPE_U32) == 0) {
      *static_cast<std::optional<unsigned>*>(out) = mnl_attr_get_u32(attribute);
    }
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, sizeof(ifinfomsg), take, &mtu);
  return mtu;
}

}  // namespace

void LinkMonitor::CloseSocket::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Result<LinkMonitor> LinkMonitor::open(int tun_fd) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return system_failure("cannot watch the interface", errno);
  LinkMonitor monitor(tun_fd, std::move(epoll));
  if (auto done = monitor.follow(); !done) return tl::unexpected(done.error());
  if (!monitor.state_.exists) return failure("the interface was deleted", EBADFD);
  return monitor;
}

Result<std::optional<LinkState>> LinkMonitor::poll() {
  const LinkState before = state_;
  Heard heard = Heard::kOverrun;
  for (int i = 0; i < kMaxAttempts && heard == Heard::kOverrun && socket_ != nullptr; ++i) {
    auto drained = drain();
    if (!drained) return tl::unexpected(drained.error());
    heard = *drained;
    if (heard == Heard::kOverrun) {
      // Messages were lost: whatever they said, the answer to a question is the state of now.
      if (auto asked = request_state(); !asked) return tl::unexpected(asked.error());
    }
  }
  if (heard == Heard::kLeft) {
    if (auto followed = follow(); !followed) return tl::unexpected(followed.error());
  }
  if (state_ == before) return std::nullopt;
  return state_;
}

// Finds the interface in the namespace in which it is now. Between asking for that namespace and
// listening in it the interface may move again; then it is unknown there, and we start over.
Result<void> LinkMonitor::follow() {
  for (int i = 0; i < kMaxAttempts; ++i) {
    if (is_deleted(tun_fd_)) {
      socket_.reset();
      state_ = LinkState{};
      return {};
    }
    if (auto subscribed = subscribe(); !subscribed) {
      if (subscribed.error().code == EBADFD) continue;
      return subscribed;
    }
    if (ifindex_ == 0) continue;
    if (auto asked = request_state(); !asked) return asked;
    auto heard = drain();
    if (!heard) return tl::unexpected(heard.error());
    if (*heard == Heard::kState) return {};
  }
  return failure("the interface moves between network namespaces faster than it can be followed",
                 EAGAIN);
}

// Listens in the interface's namespace and learns its index there; 0 if it has left again.
Result<void> LinkMonitor::subscribe() {
  auto fd = socket_beside_tun(tun_fd_, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (!fd) return tl::unexpected(fd.error());
  auto query = socket_beside_tun(tun_fd_, AF_INET, SOCK_DGRAM, 0);
  if (!query) return tl::unexpected(query.error());

  socket_.reset(mnl_socket_fdopen(fd->get()));
  if (socket_ == nullptr) return system_failure("cannot watch the interface", errno);
  const int netlink = fd->release();
  epoll_event event{};
  event.events = EPOLLIN;
  if (mnl_socket_bind(socket_.get(), RTMGRP_LINK, MNL_SOCKET_AUTOPID) != 0 ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, netlink, &event) != 0) {
    return system_failure("cannot listen for changes of the interface", errno);
  }
  ifreq request{};
  const bool known =
      ioctl(tun_fd_, TUNGETIFF, &request) == 0 && ioctl(query->get(), SIOCGIFINDEX, &request) == 0;
  ifindex_ = known ? request.ifr_ifindex : 0;
  return {};
}

// The kernel has put the answer into the socket's queue when this returns.
Result<void> LinkMonitor::request_state() {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = RTM_GETLINK;
  header->nlmsg_flags = NLM_F_REQUEST;
  auto* link = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)));
  link->ifi_family = AF_UNSPEC;
  link->ifi_index = ifindex_;
  if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) < 0) {
    return system_failure("cannot ask for the state of the interface", errno);
  }
  return {};
}

Result<LinkMonitor::Heard> LinkMonitor::drain() {
  alignas(nlmsghdr) std::array<char, kMessageRoom> buffer;
  Heard result = Heard::kNothing;
  bool overrun = false;
  while (true) {
    const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (size < 0) {
      if (errno == EAGAIN) return overrun ? Heard::kOverrun : result;
      if (errno == EINTR) continue;
      // The socket is emptied all the same: a full one would have no room for the answer either.
      if (errno == ENOBUFS) {
        overrun = true;
        continue;
      }
      return system_failure("cannot read the changes of the interface", errno);
    }
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      const Heard heard = take(*message);
      if (heard == Heard::kLeft) return heard;
      if (heard != Heard::kNothing) result = heard;
    }
  }
}

LinkMonitor::Heard LinkMonitor::take(const nlmsghdr& message) {
  // The only question we ask is for this interface: an error says that it is not here.
  if (message.nlmsg_type == NLMSG_ERROR) return Heard::kLeft;
  if (message.nlmsg_type != RTM_NEWLINK && message.nlmsg_type != RTM_DELLINK)
    return Heard::kNothing;
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(ifinfomsg)) return Heard::kNothing;
  const auto& link = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&message));
  if (link.ifi_index != ifindex_ || link.ifi_family != AF_UNSPEC) return Heard::kNothing;
  if (message.nlmsg_type == RTM_DELLINK) return Heard::kLeft;
  state_.exists = true;
  state_.up = (link.ifi_flags & IFF_UP) != 0;
  if (const auto mtu = mtu_in(message)) state_.mtu = *mtu;
  return Heard::kState;
}

}  // namespace wring
