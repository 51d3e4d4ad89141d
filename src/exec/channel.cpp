// A pair of sockets that keep messages apart, with descriptors as SCM_RIGHTS.
#include "exec/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace wring::exec {
namespace {

struct Head {
  Message::Kind kind = Message::Kind::kReady;
  int number = 0;
};

constexpr std::size_t kControlSize = CMSG_SPACE(Message::kMaxDescriptors * sizeof(int));

tl::unexpected<Error> gone() {
  return failure("the other end of the namespace has gone", ENOTCONN);
}

// Owns them at once, so that none is left open.
std::vector<UniqueFd> descriptors_in(msghdr& received) {
  std::vector<UniqueFd> found;
  for (cmsghdr* each = CMSG_FIRSTHDR(&received); each != nullptr;
       each = CMSG_NXTHDR(&received, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(each) + i * sizeof fd, sizeof fd);
      found.emplace_back(fd);
    }
  }
  return found;
}

}  // namespace

Result<std::pair<Channel, Channel>> Channel::pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return system_failure("cannot make a pair of sockets", errno);
  }
  return std::pair(Channel(UniqueFd(ends[0])), Channel(UniqueFd(ends[1])));
}

Result<void> Channel::send(const Message& message) const {
  Head head{message.kind, message.number};
  std::string text = message.text.substr(0, Message::kMaxText);
  std::array<iovec, 2> parts{iovec{&head, sizeof head}, iovec{text.data(), text.size()}};
  msghdr out{};
  out.msg_iov = parts.data();
  out.msg_iovlen = parts.size();
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  if (!message.descriptors.empty()) {
    const std::size_t size = message.descriptors.size() * sizeof(int);
    out.msg_control = control.data();
    out.msg_controllen = CMSG_SPACE(size);
    cmsghdr* const rights = CMSG_FIRSTHDR(&out);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    for (std::size_t i = 0; i < message.descriptors.size(); ++i) {
      const int fd = message.descriptors[i].get();
      std::memcpy(CMSG_DATA(rights) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  while (sendmsg(socket_.get(), &out, MSG_NOSIGNAL) < 0) {
    if (errno == EPIPE || errno == ECONNRESET) return gone();
    if (errno != EINTR) return system_failure("cannot send into the namespace", errno);
  }
  return {};
}

Result<Message> Channel::receive_with(int flags) const {
  Head head;
  std::string text(Message::kMaxText, '\0');
  std::array<iovec, 2> parts{iovec{&head, sizeof head}, iovec{text.data(), text.size()}};
  alignas(cmsghdr) std::array<char, kControlSize> control{};
  msghdr in{};
  in.msg_iov = parts.data();
  in.msg_iovlen = parts.size();
  in.msg_control = control.data();
  in.msg_controllen = control.size();
  ssize_t size = 0;
  do {
    size = recvmsg(socket_.get(), &in, flags | MSG_CMSG_CLOEXEC);
    // ECONNRESET: the other end left without reading everything. It is told once, before what that
    // end said last.
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size < 0) return system_failure("cannot hear from inside", errno);
  if (size < static_cast<ssize_t>(sizeof head)) return gone();
  text.resize(static_cast<std::size_t>(size) - sizeof head);
  return Message{head.kind, head.number, std::move(text), descriptors_in(in)};
}

Result<std::optional<Message>> Channel::receive_now() const {
  auto received = receive_with(MSG_DONTWAIT);
  if (received) return std::optional<Message>(std::move(*received));
  if (received.error().code == EAGAIN) return std::optional<Message>();
  return tl::unexpected(received.error());
}

}  // namespace wring::exec
